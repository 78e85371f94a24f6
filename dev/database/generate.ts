import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepareMigrations } from '../../src/db/migration-files.ts';
import { migrationsDirectory, readMigrations } from './migrations.ts';
import type { TableChanges } from './table-changes.ts';

const usage = `Usage: npm run db:generate -- --name what_it_does [--empty]
  --name   writes the next migration from how src/*/tables.ts changed since the last one
  --empty  writes it without statements, for functions, triggers and data, which are written by hand
  --check  writes nothing; fails when the tables have changes that no migration makes`;

const snapshotFile = join(migrationsDirectory, 'meta', 'snapshot.json');
const nameFormat = /^[a-z][a-z0-9_]*$/;

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
  if (values.check) await check();
  else if (values.name === undefined || !nameFormat.test(values.name)) throw new Error(usage);
  else if (values.empty) writeMigration(values.name, { up: [], down: [] });
  else await generate(values.name);
}

async function generate(name: string): Promise<void> {
  const changes = await findChanges();
  if (changes.up.length === 0) {
    throw new Error('the tables have not changed; --empty makes a migration to write by hand');
  }
  writeMigration(name, changes);
  mkdirSync(join(migrationsDirectory, 'meta'), { recursive: true });
  writeFileSync(snapshotFile, `${JSON.stringify(changes.snapshot, undefined, 2)}\n`);
}

/** Fails, with the SQL that is missing, when the tables in the code are not those of the newest migration. */
async function check(): Promise<void> {
  await prepareMigrations(readMigrations(migrationsDirectory));
  const { up } = await findChanges();
  if (up.length > 0) {
    throw new Error(`src/*/tables.ts has changes that no migration makes:\n\n${up.join('\n')}`);
  }
}

/** drizzle-kit takes two seconds to load: only when it is needed. */
async function findChanges(): Promise<TableChanges> {
  const { findTableChanges } = await import('./table-changes.ts');
  return findTableChanges(process.cwd(), snapshotFile);
}

function writeMigration(name: string, { up, down }: Pick<TableChanges, 'up' | 'down'>): void {
  mkdirSync(migrationsDirectory, { recursive: true });
  const number = String(readMigrations(migrationsDirectory).length + 1).padStart(4, '0');
  for (const [direction, statements] of [['up', up] as const, ['down', down] as const]) {
    const file = join(migrationsDirectory, `${number}_${name}.${direction}.sql`);
    writeFileSync(file, `${statements.join('\n--> statement-breakpoint\n')}\n`);
    console.log(file);
  }
}
