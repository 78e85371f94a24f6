import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Store } from './store.ts';

/**
 * Keeps the store in a file, for a sandbox whose objects a database refers to from one run to the next. Changes of
 * one turn of the event loop are written together; `save` writes what is left.
 */
export function keepInFile(store: Store, file: string): { save(): void } {
  if (existsSync(file)) store.restore(JSON.parse(readFileSync(file, 'utf8')));
  let scheduled: NodeJS.Immediate | undefined;
  const save = () => {
    clearImmediate(scheduled);
    scheduled = undefined;
    writeFileSync(`${file}.unfinished`, JSON.stringify(store.snapshot()));
    renameSync(`${file}.unfinished`, file);
  };
  store.onChange = () => {
    scheduled ??= setImmediate(save);
  };
  return { save };
}
