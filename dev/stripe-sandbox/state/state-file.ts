import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Store, StoreSnapshot } from './store.ts';

/** Counted up when a file of before can no longer be read. */
const FORMAT = 3;

/** The file was written by a version of the sandbox whose state this one cannot read. */
export class StateFileOutdated extends Error {
  override readonly name = 'StateFileOutdated';
}

/** The whole store is written each time. While it grows, this share of the time at most goes into that. */
const LARGEST_SHARE = 0.1;

/**
 * Keeps the store in a file, for a sandbox whose objects a database refers to from one run to the next. It is written
 * soon after a change; `save` writes what is left.
 */
export function keepInFile(store: Store, file: string): { save(): void } {
  if (existsSync(file)) store.restore(read(file));
  let scheduled: NodeJS.Timeout | undefined;
  let restUntil = 0;
  const save = () => {
    clearTimeout(scheduled);
    scheduled = undefined;
    const started = performance.now();
    writeFileSync(`${file}.unfinished`, JSON.stringify({ format: FORMAT, ...store.snapshot() }));
    renameSync(`${file}.unfinished`, file);
    const ended = performance.now();
    restUntil = ended + (ended - started) * (1 / LARGEST_SHARE - 1);
  };
  store.onChange = () => {
    scheduled ??= setTimeout(save, Math.max(0, restUntil - performance.now()));
  };
  return { save };
}

function read(file: string): StoreSnapshot {
  const content: StoreSnapshot & { format?: number } = JSON.parse(readFileSync(file, 'utf8'));
  if (content.format === FORMAT) return content;
  throw new StateFileOutdated(`${file} is of another version of the sandbox.`);
}
