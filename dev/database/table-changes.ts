import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api';

/** drizzle-kit's description of all tables at one time. */
export type Snapshot = ReturnType<typeof generateDrizzleJson>;

/** What changed since the snapshot: the statements that make it so, those that undo it, and the next snapshot. */
export interface TableChanges {
  readonly up: readonly string[];
  readonly down: readonly string[];
  readonly snapshot: Snapshot;
}

/** drizzle-kit's id of what has no parent. Random ids would make a difference where there is none. */
const constantId = '00000000-0000-0000-0000-000000000000';

/**
 * Compares the tables that the code under a directory defines (`tables.ts` of each domain, and `…-tables.ts`) with the snapshot that
 * the newest generated migration left. At a terminal, drizzle-kit asks which added tables and columns are renamed
 * ones; without a terminal that is an error.
 */
export async function findTableChanges(directory: string, snapshotFile: string): Promise<TableChanges> {
  const before = readSnapshot(snapshotFile);
  const snapshot = await describeTables(directory);
  try {
    return {
      up: await statementsBetween(before, snapshot),
      down: await statementsBetween(snapshot, before),
      snapshot,
    };
  } catch (error) {
    if (!(error instanceof Error && error.message.includes('TTY'))) throw error;
    throw new Error(
      'tables or columns were both added and removed; at a terminal, npm run db:generate asks which were renamed',
      { cause: error },
    );
  }
}

async function describeTables(directory: string): Promise<Snapshot> {
  const tables: Record<string, unknown> = {};
  for (const file of globSync('src/*/{tables,*-tables}.ts', { cwd: directory }).toSorted()) {
    const module: Record<string, unknown> = await import(pathToFileURL(join(directory, file)).href);
    for (const [name, value] of Object.entries(module)) tables[`${file}#${name}`] = value;
  }
  return { ...generateDrizzleJson(tables), id: constantId, prevId: constantId };
}

function readSnapshot(file: string): Snapshot {
  try {
    return asSnapshot(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return generateDrizzleJson({});
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
