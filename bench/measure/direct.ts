/** The same SQL without Workers and HTTP: by pgbench, or where there is none by connections of a process of its own. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { runConnections } from './connections.ts';
import type { LoadResult } from './load.ts';
import { runPgbench } from './pgbench.ts';

/** What a parameter is: the same each time, or after these letters a number that no other time has. */
export type Parameter = string | null | { readonly unique: string };

export interface DirectStatement {
  /** With `$1`, `$2`, … */
  readonly text: string;
  readonly parameters: readonly Parameter[];
}

export interface DirectLoad {
  readonly databaseUrl: string;
  readonly statement: DirectStatement;
  readonly connections: number;
  /** Times that the statement is run, after some for each connection that are offered too, and not measured. */
  readonly requests: number;
}

export interface Direct {
  readonly name: string;
  run(directLoad: DirectLoad): Promise<LoadResult>;
}

/** Debian has pgbench in the package postgresql-contrib or postgresql; the PostgreSQL that npm brings has none. */
export async function findDirect(): Promise<Direct> {
  const isThere = await promisify(execFile)('pgbench', ['--version']).then(
    () => true,
    () => false,
  );
  return isThere
    ? { name: 'pgbench', run: runPgbench }
    : { name: 'a loop over connections of pg', run: runConnections };
}
