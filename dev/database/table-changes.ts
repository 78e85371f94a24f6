import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api';

/** drizzle-kit's description of all tables at one time. */
export type Snapshot = ReturnType<typeof generateDrizzleJson>;

/** The statements that lead from one snapshot to the next, and back. Both empty: nothing changed. */
export interface TableChanges {
  readonly up: readonly string[];
  readonly down: readonly string[];
}

/** Tables or columns were both added and removed, and only a person can say whether one of them was renamed. */
export class RenameUndecided extends Error {
  override readonly name = 'RenameUndecided';
}

const noParent = '00000000-0000-0000-0000-000000000000';

/** Describes the tables that the code under a directory defines now, in the `tables.ts` of each domain. */
export async function describeTables(directory: string): Promise<Snapshot> {
  const tables: Record<string, unknown> = {};
  for (const file of globSync('src/*/tables.ts', { cwd: directory }).toSorted()) {
    const module: Record<string, unknown> = await import(pathToFileURL(join(directory, file)).href);
    for (const [name, value] of Object.entries(module)) tables[`${file}#${name}`] = value;
  }
  // Random ids would make a difference where there is none.
  return { ...generateDrizzleJson(tables), id: noParent, prevId: noParent };
}

/** Reads the tables' description after the newest generated migration; without a file, that of no tables. */
export function readSnapshot(file: string): Snapshot {
  try {
    return asSnapshot(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return generateDrizzleJson({});
    throw error;
  }
}

/**
 * Compares two descriptions. At a terminal, drizzle-kit asks which added tables and columns are renamed ones.
 * @throws RenameUndecided where there is no terminal to ask at.
 */
export async function compareTables(before: Snapshot, after: Snapshot): Promise<TableChanges> {
  try {
    return {
      up: await statementsBetween(before, after),
      down: await statementsBetween(after, before),
    };
  } catch (error) {
    if (error instanceof Error && error.message.includes('TTY')) {
      throw new RenameUndecided('tables or columns were both added and removed', { cause: error });
    }
    throw error;
  }
}

async function statementsBetween(before: Snapshot, after: Snapshot): Promise<string[]> {
  const statements = await generateMigration(before, after);
  return statements.map((statement) => statement.trim());
}

/** Safe: `generateMigration` checks both of its arguments against drizzle-kit's own schema before using them. */
function asSnapshot(value: unknown): Snapshot {
  return value as Snapshot;
}
