import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepareMigrations } from '../../src/db/migration-files.ts';
import { migrationsDirectory, readMigrations } from './migrations.ts';
import {
  RenameUndecided,
  compareTables,
  describeTables,
  readSnapshot,
  type Snapshot,
  type TableChanges,
} from './table-changes.ts';

const usage = `Usage: npm run db:generate -- --name what_it_does [--empty]
  --name   writes the next migration from how src/*/tables.ts changed since the last one
  --empty  writes it without statements, for functions, triggers and data, which are written by hand
  --check  writes nothing; fails when the tables have changes that no migration makes`;

const snapshotFile = join(migrationsDirectory, 'meta', 'snapshot.json');
const nameFormat = /^[a-z][a-z0-9_]*$/;
const noChanges: TableChanges = { up: [], down: [] };

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : 'unknown error');
  process.exitCode = 1;
});

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      name: { type: 'string' },
      empty: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
    },
  });
  if (values.check) return check();
  const name = values.name;
  if (name === undefined || !nameFormat.test(name)) throw new Error(usage);
  if (values.empty) return writeMigration(name, noChanges);

  const snapshot = await describeTables(process.cwd());
  const changes = await compareTables(readSnapshot(snapshotFile), snapshot);
  if (changes.up.length === 0)
    throw new Error('the tables have not changed; --empty makes a migration to fill by hand');
  writeMigration(name, changes);
  writeSnapshot(snapshot);
}

/** Fails, with the SQL that is missing, when the tables in the code are not those of the newest migration. */
async function check(): Promise<void> {
  await prepareMigrations(readMigrations(migrationsDirectory));
  try {
    const { up } = await compareTables(readSnapshot(snapshotFile), await describeTables(process.cwd()));
    if (up.length > 0)
      throw new Error(`src/*/tables.ts has changes without a migration:\n\n${up.join('\n')}`);
  } catch (error) {
    if (!(error instanceof RenameUndecided)) throw error;
    throw new Error(`src/*/tables.ts has changes without a migration: ${error.message}`);
  }
}

function writeMigration(name: string, changes: TableChanges): void {
  mkdirSync(migrationsDirectory, { recursive: true });
  const number = String(readMigrations(migrationsDirectory).length + 1).padStart(4, '0');
  for (const direction of ['up', 'down'] as const) {
    const file = join(migrationsDirectory, `${number}_${name}.${direction}.sql`);
    writeFileSync(file, `${changes[direction].join('\n--> statement-breakpoint\n')}\n`);
    console.log(file);
  }
}

function writeSnapshot(snapshot: Snapshot): void {
  mkdirSync(join(migrationsDirectory, 'meta'), { recursive: true });
  writeFileSync(snapshotFile, `${JSON.stringify(snapshot, undefined, 2)}\n`);
}
