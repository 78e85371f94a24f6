import { Client } from 'pg';
import { connectRunner } from '../../dev/database/connect.ts';
import { migrationsDirectory, readMigrations } from '../../dev/database/migrations.ts';
import { migrate } from '../../src/db/migrate.ts';

/** The database that a test run migrates once: `createTestDatabase({ template: migratedTemplate })` copies it. */
export const migratedTemplate = 'ratecard_template';

/** Makes the template. Closes its connections: a database can be copied only while nobody is connected to it. */
export async function makeMigratedTemplate(postgresUrl: string): Promise<void> {
  const client = new Client({ connectionString: postgresUrl });
  await client.connect();
  try {
    await client.query(`CREATE DATABASE ${migratedTemplate}`);
  } finally {
    await client.end();
  }
  const url = new URL(postgresUrl);
  url.pathname = `/${migratedTemplate}`;
  const { run, close } = await connectRunner(url.href);
  try {
    await migrate(run, readMigrations(migrationsDirectory));
  } finally {
    await close();
  }
}
