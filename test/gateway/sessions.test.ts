import { neon, neonConfig } from '@neondatabase/serverless';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { startGateway } from '../../dev/neon-gateway/index.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.query('CREATE TABLE entries (id int PRIMARY KEY)');
});

beforeEach(async () => {
  neonConfig.fetchEndpoint = inject('gatewayUrl');
  await database.query('TRUNCATE entries');
});

afterAll(() => database.drop());

/** Sessions whose last statement has this comment. */
function activeSessions(comment: string): Promise<{ pid: number; state: string }[]> {
  return database.query(
    `SELECT pid, state FROM pg_stat_activity
     WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%' || $1 || '%'
       AND state <> 'idle'`,
    [comment],
  );
}

const leaks: readonly (readonly [string, string, string])[] = [
  ['a setting', `SET search_path = pg_catalog`, `SELECT current_setting('search_path') AS left_behind`],
  ['a role', `SET ROLE pg_monitor`, `SELECT current_user AS left_behind`],
  [
    'a custom setting',
    `SELECT set_config('ratecard.actor', 'admin', false)`,
    `SELECT coalesce(current_setting('ratecard.actor', true), '') AS left_behind`,
  ],
  ['a temporary table', `CREATE TEMP TABLE scratch (id int)`, `SELECT to_regclass('scratch') AS left_behind`],
  [
    'a prepared statement',
    `PREPARE remembered AS SELECT 1`,
    `SELECT count(*)::int AS left_behind FROM pg_prepared_statements WHERE name = 'remembered'`,
  ],
  [
    'a session lock',
    `SELECT pg_advisory_lock(42)`,
    `SELECT count(*)::int AS left_behind FROM pg_locks WHERE locktype = 'advisory' AND objid = 42`,
  ],
  ['a subscription', `LISTEN news`, `SELECT count(*)::int AS left_behind FROM pg_listening_channels()`],
  [
    'a held cursor',
    `DECLARE rest CURSOR WITH HOLD FOR SELECT 1`,
    `SELECT count(*)::int AS left_behind FROM pg_cursors WHERE name = 'rest'`,
  ],
  [
    'an open transaction',
    `BEGIN READ ONLY`,
    `SELECT current_setting('transaction_read_only') AS left_behind`,
  ],
];

test.each(leaks)(
  '%s does not leak into the next request on the same connection',
  async (_name, leave, look) => {
    const gateway = await startGateway({ maxConnections: 1 });
    try {
      neonConfig.fetchEndpoint = gateway.url;
      const sql = neon(database.url);
      const [before] = await sql.query(
        `${look.replace(' AS left_behind', ' AS left_behind, pg_backend_pid() AS pid')}`,
      );
      await sql.query(leave);
      const [after] = await sql.query(
        look.replace(' AS left_behind', ' AS left_behind, pg_backend_pid() AS pid'),
      );
      expect(after).toEqual(before);
    } finally {
      await gateway.stop();
    }
  },
);

test('a session lock and an open transaction are gone when the answer arrives', async () => {
  const sql = neon(database.url);
  await sql`SELECT pg_advisory_lock(43)`;
  expect(await database.query(`SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 43`)).toEqual(
    [],
  );
  await sql`BEGIN`;
  expect(
    await database.query(
      `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'`,
    ),
  ).toEqual([]);
});

test('fifty requests at once are all answered, each with its own values', async () => {
  const sql = neon(database.url);
  const numbers = Array.from({ length: 50 }, (_, index) => index);
  const answers = await Promise.all(numbers.map((n) => sql`SELECT ${n}::int AS n, pg_backend_pid() AS pid`));
  expect(answers.map(([row]) => row?.['n'])).toEqual(numbers);
});

test('requests beyond the limit of connections wait in line instead of failing', async () => {
  const gateway = await startGateway({ maxConnections: 3 });
  const other = await createTestDatabase();
  try {
    neonConfig.fetchEndpoint = gateway.url;
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, index) => {
        const sql = neon(index % 2 === 0 ? database.url : other.url);
        return sql`SELECT count(*)::int AS n FROM pg_stat_activity
          WHERE usename = current_user AND application_name LIKE 'pkg:npm/%' AND query LIKE '%in-line%'`;
      }),
    );
    expect(Math.max(...answers.map(([row]) => Number(row?.['n'])))).toBeLessThanOrEqual(3);
    expect(answers).toHaveLength(40);
  } finally {
    await gateway.stop();
    await other.drop();
  }
});

test('a client that goes away cancels its statement, and its effects are undone', async () => {
  const abort = new AbortController();
  const sql = neon(database.url, { fetchOptions: { signal: abort.signal } });
  const request = sql`WITH added AS (INSERT INTO entries VALUES (1) RETURNING id)
    SELECT id, pg_sleep(600) /* single */ FROM added`;
  const outcome = expect(request).rejects.toThrow('abort');
  await eventually('the statement runs', async () => (await activeSessions('/* single */')).length === 1);
  abort.abort();
  await outcome;
  await eventually('it is cancelled', async () => (await activeSessions('/* single */')).length === 0);
  expect(await database.query('SELECT * FROM entries')).toEqual([]);
});

test('a client that goes away rolls its batch back and frees its locks', async () => {
  const abort = new AbortController();
  const sql = neon(database.url, { fetchOptions: { signal: abort.signal } });
  const request = sql.transaction([
    sql`INSERT INTO entries VALUES (1)`,
    sql`SELECT pg_advisory_xact_lock(44)`,
    sql`SELECT pg_sleep(600) /* batch */`,
    sql`INSERT INTO entries VALUES (2)`,
  ]);
  const outcome = expect(request).rejects.toThrow('abort');
  await eventually('the batch runs', async () => (await activeSessions('/* batch */')).length === 1);
  abort.abort();
  await outcome;
  await eventually('it is cancelled', async () => (await activeSessions('/* batch */')).length === 0);
  expect(await neon(database.url)`SELECT pg_try_advisory_lock(44) AS free`).toEqual([{ free: true }]);
  expect(await database.query('SELECT * FROM entries')).toEqual([]);
});

test('a statement that catches its cancellation is cancelled again', async () => {
  const abort = new AbortController();
  const sql = neon(database.url, { fetchOptions: { signal: abort.signal } });
  const stubborn = `DO $$ BEGIN
      BEGIN PERFORM pg_sleep(600); EXCEPTION WHEN query_canceled THEN NULL; END;
      PERFORM pg_sleep(600); /* stubborn */
    END $$`;
  const outcome = expect(sql.query(stubborn)).rejects.toThrow('abort');
  await eventually('it runs', async () => (await activeSessions('/* stubborn */')).length === 1);
  abort.abort();
  await outcome;
  await eventually('it is cancelled', async () => (await activeSessions('/* stubborn */')).length === 0);
});

test('a client that goes away while it waits in line never runs', async () => {
  const gateway = await startGateway({ maxConnections: 1 });
  try {
    neonConfig.fetchEndpoint = gateway.url;
    const first = new AbortController();
    const second = new AbortController();
    const holding = expect(
      neon(database.url, { fetchOptions: { signal: first.signal } })`SELECT pg_sleep(600) /* holds */`,
    ).rejects.toThrow('abort');
    await eventually('the place is taken', async () => (await activeSessions('/* holds */')).length === 1);
    const waiting = expect(
      neon(database.url, { fetchOptions: { signal: second.signal } })`INSERT INTO entries VALUES (3)`,
    ).rejects.toThrow('abort');
    await eventually('the second is in line', () => gateway.requestCount === 2);
    second.abort();
    await waiting;
    first.abort();
    await holding;
    expect(await neon(database.url)`SELECT count(*)::int AS n FROM entries`).toEqual([{ n: 0 }]);
  } finally {
    await gateway.stop();
  }
});
