import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Store, StoreSnapshot } from './store.ts';

/** Counted up when a file of before can no longer be read. */
const FORMAT = 3;

/**
 * Keeps the store in a file, for a sandbox whose objects a database refers to from one run to the next. Changes of
 * one turn of the event loop are written together; `save` writes what is left.
 */
export function keepInFile(store: Store, file: string): { save(): void } {
  if (existsSync(file)) store.restore(read(file));
  let scheduled: NodeJS.Immediate | undefined;
  const save = () => {
    clearImmediate(scheduled);
    scheduled = undefined;
    writeFileSync(`${file}.unfinished`, JSON.stringify({ format: FORMAT, ...store.snapshot() }));
    renameSync(`${file}.unfinished`, file);
  };
  store.onChange = () => {
    scheduled ??= setImmediate(save);
  };
  return { save };
}

function read(file: string): StoreSnapshot {
  const content: StoreSnapshot & { format?: number } = JSON.parse(readFileSync(file, 'utf8'));
  if (content.format === FORMAT) return content;
  throw new Error(`${file} is of another version of the sandbox. Start over: npm run dev -- --fresh`);
}
