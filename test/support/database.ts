import { randomUUID } from 'node:crypto';
import { Client, Pool, type PoolConfig, type QueryResultRow } from 'pg';
import { inject } from 'vitest';

export interface TestDatabase {
  /** The connection string of this database, for the driver as for node-postgres. */
  readonly url: string;
  /** Runs one statement on a connection of the database's own small pool. */
  query<Row extends QueryResultRow>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
  /** A further connection, for what needs a session: locks, open transactions. Closed by `drop` if not before. */
  connect(): Promise<Client>;
  /** A further pool, for races with many connections. Closed by `drop` if not before. */
  pool(options?: Omit<PoolConfig, 'connectionString'>): Pool;
  /** Closes everything opened here and drops the database, whoever is still connected. */
  drop(): Promise<void>;
}

export interface TestDatabaseOptions {
  /** The database to copy, for instance a migrated one; without it the new one is empty. */
  readonly template?: string;
}

function urlOf(database: string): string {
  const url = new URL(inject('postgresUrl'));
  url.pathname = `/${database}`;
  return url.href;
}

async function maintain(sql: string): Promise<void> {
  const client = new Client({ connectionString: inject('postgresUrl') });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

/** Makes a database of one's own on the run's PostgreSQL, so that test files do not see each other's rows. */
export async function createTestDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const name = `test_${randomUUID().replaceAll('-', '')}`;
  const template = options.template === undefined ? '' : ` TEMPLATE "${options.template}"`;
  await maintain(`CREATE DATABASE ${name}${template}`);
  const url = urlOf(name);
  const clients: Client[] = [];
  const pools: Pool[] = [];

  const makePool = (poolOptions: Omit<PoolConfig, 'connectionString'> = {}): Pool => {
    const pool = new Pool({ ...poolOptions, connectionString: url });
    // Tests cut connections on purpose; an idle one that is cut is no error of the test.
    pool.on('error', () => undefined);
    pools.push(pool);
    return pool;
  };
  const ownPool = makePool({ max: 4 });

  return {
    url,
    async query<Row extends QueryResultRow>(sql: string, parameters: readonly unknown[] = []) {
      const result = await ownPool.query<Row>(sql, [...parameters]);
      return result.rows;
    },
    async connect() {
      const client = new Client({ connectionString: url });
      client.on('error', () => undefined);
      await client.connect();
      clients.push(client);
      return client;
    },
    pool: makePool,
    async drop() {
      await Promise.all(clients.map((client) => client.end()));
      await Promise.all(pools.filter((pool) => !pool.ended).map((pool) => pool.end()));
      await maintain(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    },
  };
}
