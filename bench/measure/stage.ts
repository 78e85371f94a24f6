import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectRunner } from '../../dev/database/connect.ts';
import { migrationsDirectory, readMigrations } from '../../dev/database/migrations.ts';
import { startGateway } from '../../dev/neon-gateway/index.ts';
import { startPostgres } from '../../dev/postgres.ts';
import { migrate } from '../../src/db/migrate.ts';
import { bundleWorker, compatibilityDate } from './bundle.ts';
import type { Stage } from './rounds.ts';

/** A database with the project's tables, the gateway before it, and the Workers, bundled. */
export async function setUpStage(): Promise<Stage & { tearDown(): Promise<void> }> {
  const postgres = await startPostgres({
    dataDirectory: join(tmpdir(), `ratecard-bench-${randomBytes(6).toString('hex')}`),
    persistent: false,
  });
  const gateway = await startGateway();
  const { run, close } = await connectRunner(postgres.url);
  try {
    await migrate(run, readMigrations(migrationsDirectory));
    await run([
      { text: 'create table raw_deliveries (event_id text primary key, payload text not null)', params: [] },
    ]);
  } finally {
    await close();
  }
  const webhookSecret = `whsec_${randomBytes(24).toString('hex')}`;
  const database = { DATABASE_URL: postgres.url, DATABASE_FETCH_ENDPOINT: gateway.url };
  const date = await compatibilityDate();
  const directories = [await bundleWorker(), await bundleWorker('bench/baselines/raw-insert.ts')] as const;
  const [ours, raw] = directories;
  return {
    ratecard: {
      directory: ours,
      compatibilityDate: date,
      variables: {
        ...database,
        JWT_SECRET: randomBytes(32).toString('base64url'),
        JWT_ISSUER: 'https://bench.test',
        JWT_AUDIENCE: 'ratecard-bench',
        STRIPE_SECRET_KEY: `sk_test_${randomBytes(12).toString('hex')}`,
        STRIPE_WEBHOOK_SECRET: webhookSecret,
        CHECKOUT_SUCCESS_URL: 'https://shop.test/success',
        CHECKOUT_CANCEL_URL: 'https://shop.test/pricing',
        PORTAL_RETURN_URL: 'https://shop.test/account',
        AUTH_ENC_KEY: `1:${randomBytes(32).toString('base64')}`,
        PUBLIC_URL: 'https://ratecard.test',
        // What is measured is the Worker; a bare workerd has no rate limiter, and one client is the whole load.
        RATE_LIMITS: 'off',
      },
    },
    rawInsert: { directory: raw, compatibilityDate: date, variables: database },
    webhookSecret,
    tearDown: async () => {
      await Promise.all(directories.map((directory) => rm(directory, { recursive: true, force: true })));
      await gateway.stop();
      await postgres.stop();
    },
  };
}
