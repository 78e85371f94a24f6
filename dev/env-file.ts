import { existsSync, readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

/** The variables of a file like `.dev.vars`; those that are empty count as not set. Throws when there is no file. */
export function readEnvFile(path: string): Readonly<Record<string, string>> {
  if (!existsSync(path)) throw new Error(`There is no file ${path}`);
  return Object.fromEntries(
    Object.entries(parseEnv(readFileSync(path, 'utf8'))).flatMap(([name, value]) =>
      value === undefined || value === '' ? [] : [[name, value]],
    ),
  );
}

/** The same, of a file that need not be there. */
export function readEnvFileIfPresent(path: string): Readonly<Record<string, string>> {
  return existsSync(path) ? readEnvFile(path) : {};
}
