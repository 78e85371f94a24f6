import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { connectRunner } from '../../dev/database/connect.ts';
import { migrationsDirectory, readMigrations } from '../../dev/database/migrations.ts';
import { startPostgres } from '../../dev/postgres.ts';
import { accessClaims, signToken } from '../../dev/sign-token.ts';
import type { Role } from '../../src/core/actor.ts';
import { migrate } from '../../src/db/migrate.ts';
import { bundleWorker, compatibility } from './bundle.ts';
import { forkGateway } from './gateway.ts';
import { hold } from './held.ts';
import type { WorkerSetup } from './workerd.ts';

/** A database with the project's tables and initial catalogue, and the Workers that use it. */
export interface Stage {
  readonly databaseUrl: string;
  readonly webhookSecret: string;
  /** Runs SQL on a connection of its own, as the tables' owner. */
  query<Row extends object>(sql: string, params?: readonly unknown[]): Promise<readonly Row[]>;
  /** The Worker that `npm run deploy` uploads. */
  ratecard(): Promise<WorkerSetup>;
  /** Another Worker, bundled with the same settings and given the same database. */
  worker(entry: string): Promise<WorkerSetup>;
  /** Whose access tokens it takes as its own. */
  readonly issuer: string;
  /** An access token that the Worker takes for an hour, and `sessionId` where it is of a session. */
  token(role: Role, subject: string, sessionId?: string): Promise<string>;
  tearDown(): Promise<void>;
}

/** The bundles of one run: each is made once, whatever number of stages uses it. */
export interface Bundles {
  of(entry?: string): Promise<string>;
  remove(): Promise<void>;
}

export function openBundles(): Bundles {
  const made = new Map<string, Promise<string>>();
  return {
    of(entry) {
      const key = entry ?? '';
      const directory = made.get(key) ?? bundleWorker(entry);
      made.set(key, directory);
      return directory;
    },
    async remove() {
      const directories = await Promise.all(made.values());
      await Promise.all(directories.map((directory) => rm(directory, { recursive: true, force: true })));
    },
  };
}

/** @param settings of the database's server, on top of what it has anyway */
export async function setUpStage(
  bundles: Bundles,
  settings: Readonly<Record<string, string>> = {},
): Promise<Stage> {
  const starting = startPostgres({
    dataDirectory: join(tmpdir(), `ratecard-bench-${randomBytes(6).toString('hex')}`),
    persistent: false,
    settings,
  });
  // It is stopped also when the run is cut off while it starts; one that cannot start has ended by itself.
  const stopPostgres = hold(() =>
    starting.then(
      ({ stop }) => stop(),
      () => undefined,
    ),
  );
  const postgres = await starting;
  const gateway = await forkGateway();
  await migrateAll(postgres.url);
  const client = new Client(postgres.url);
  // A run that is cut off stops the server first: who asks next is told so by what it asks.
  client.on('error', () => undefined);
  await client.connect();
  const tokens = {
    secret: randomBytes(32).toString('base64url'),
    issuer: 'https://bench.test',
    audience: 'ratecard-bench',
  };
  const webhookSecret = `whsec_${randomBytes(24).toString('hex')}`;
  const database = { DATABASE_URL: postgres.url, DATABASE_FETCH_ENDPOINT: gateway.url };
  const rules = await compatibility();
  const setupOf = async (entry: string | undefined, variables: WorkerSetup['variables']) => ({
    directory: await bundles.of(entry),
    ...rules,
    variables: { ...database, ...variables },
  });
  const ours = variablesOf(tokens, webhookSecret);
  return {
    databaseUrl: postgres.url,
    webhookSecret,
    query: async (sql, params = []) => (await client.query(sql, [...params])).rows,
    ratecard: () => setupOf(undefined, ours),
    worker: (entry) => setupOf(entry, ours),
    issuer: tokens.issuer,
    token: (role, subject, sessionId) =>
      signToken(tokens, {
        ...accessClaims(tokens, { subject, role, email: `${subject}@example.com` }, 3600),
        ...(sessionId === undefined ? {} : { sid: sessionId }),
      }),
    tearDown: async () => {
      await client.end();
      await gateway.stop();
      await stopPostgres();
    },
  };
}

async function migrateAll(url: string): Promise<void> {
  const { run, close } = await connectRunner(url);
  try {
    await migrate(run, readMigrations(migrationsDirectory));
  } finally {
    await close();
  }
}

function variablesOf(
  tokens: { readonly secret: string; readonly issuer: string; readonly audience: string },
  webhookSecret: string,
): Readonly<Record<string, string>> {
  return {
    JWT_SECRET: tokens.secret,
    JWT_ISSUER: tokens.issuer,
    JWT_AUDIENCE: tokens.audience,
    STRIPE_SECRET_KEY: `sk_test_${randomBytes(12).toString('hex')}`,
    STRIPE_WEBHOOK_SECRET: webhookSecret,
    CHECKOUT_SUCCESS_URL: 'https://shop.test/success',
    CHECKOUT_CANCEL_URL: 'https://shop.test/pricing',
    PORTAL_RETURN_URL: 'https://shop.test/account',
    AUTH_ENC_KEY: `1:${randomBytes(32).toString('base64')}`,
    PUBLIC_URL: 'https://ratecard.test',
  };
}
