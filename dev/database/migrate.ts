import { migrate } from '../../src/db/migrate.ts';
import { runDatabaseCommand } from './command.ts';
import { migrationsDirectory, readMigrations } from './migrations.ts';

/** What an operator checks after migrating: on a new installation 7, 4 and 0. */
const countedTables = ['subscription_plans', 'credit_packages', 'webhook_events'] as const;

await runDatabaseCommand('npm run db:migrate --', async ({ run }) => {
  const { applied } = await migrate(run, readMigrations(migrationsDirectory), {
    appliedBy: process.env.USER,
    onApplied: (name) => console.log(`applied ${name}`),
  });
  if (applied.length === 0) console.log('up to date');
  const counts = await run(
    countedTables.map((table) => ({ text: `SELECT count(*) AS count FROM ${table}`, params: [] })),
  );
  const width = Math.max(...countedTables.map((table) => table.length));
  countedTables.forEach((table, index) => {
    console.log(`${table.padEnd(width)} ${String(counts[index]?.[0]?.count)}`);
  });
});
