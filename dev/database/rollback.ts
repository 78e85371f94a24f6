import { rollback } from '../../src/db/migrate.ts';
import { runDatabaseCommand } from './command.ts';
import { migrationsDirectory, readMigrations } from './migrations.ts';

await runDatabaseCommand('npm run db:rollback --', async ({ run }) => {
  const { rolledBack } = await rollback(run, readMigrations(migrationsDirectory));
  console.log(rolledBack === undefined ? 'nothing to roll back' : `rolled back ${rolledBack}`);
});
