import { neon, neonConfig } from '@neondatabase/serverless';
import { afterAll, beforeAll, beforeEach, expect, inject, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';

let database: TestDatabase;

beforeAll(async () => {
  neonConfig.fetchEndpoint = inject('gatewayUrl');
  database = await createTestDatabase();
  await database.query('CREATE TABLE entries (id int PRIMARY KEY, note text)');
  await database.query(
    'CREATE TABLE late (id int CONSTRAINT late_id_unique UNIQUE DEFERRABLE INITIALLY DEFERRED)',
  );
});

beforeEach(() => database.query('TRUNCATE entries, late'));
afterAll(() => database.drop());

/** A statement that waits for as long as the gate is shut: it puts concurrent batches in a known order. */
const passGate = 'SELECT pg_advisory_xact_lock_shared(1)';

/** Shuts the gate, starts the batches, runs `meanwhile` once all of them wait at it, and opens it. */
async function withGate<T>(
  start: () => readonly Promise<T>[],
  meanwhile: () => Promise<unknown> = async () => undefined,
): Promise<PromiseSettledResult<T>[]> {
  const gate = await database.connect();
  await gate.query('SELECT pg_advisory_lock(1)');
  const batches = start();
  const outcomes = Promise.allSettled(batches);
  await eventually('every batch waits at the gate', async () => {
    const waiting = await database.query(
      `SELECT 1 FROM pg_locks JOIN pg_database d ON d.oid = database AND datname = current_database()
       WHERE locktype = 'advisory' AND NOT granted`,
    );
    return waiting.length === batches.length;
  });
  await meanwhile();
  await gate.query('SELECT pg_advisory_unlock(1)');
  return await outcomes;
}

const settings = `SELECT current_setting('transaction_isolation') AS isolation,
  current_setting('transaction_read_only') AS read_only,
  current_setting('transaction_deferrable') AS deferrable`;

test('a batch answers each statement in order, given as an array or by a function', async () => {
  const sql = neon(database.url);
  expect(await sql.transaction([sql`SELECT ${1}::int AS n`, sql`SELECT ${'hello'} AS text`])).toEqual([
    [{ n: 1 }],
    [{ text: 'hello' }],
  ]);
  expect(await sql.transaction((batch) => [batch`SELECT ${2}::int AS n`])).toEqual([[{ n: 2 }]]);
  expect(await sql.transaction([])).toEqual([]);
});

test('a batch is one transaction: its statements see each other and share its start', async () => {
  const sql = neon(database.url);
  const results = await sql.transaction([
    sql`INSERT INTO entries VALUES (1, 'first')`,
    sql`SELECT note, now() AS at, pg_current_xact_id()::text AS xid FROM entries`,
    sql`SELECT now() AS at, pg_current_xact_id()::text AS xid`,
  ]);
  expect(results[1]?.[0]).toMatchObject({ note: 'first' });
  expect(results[1]?.[0]?.['xid']).toBe(results[2]?.[0]?.['xid']);
  expect(results[1]?.[0]?.['at']).toEqual(results[2]?.[0]?.['at']);
  expect(await database.query('SELECT id FROM entries')).toEqual([{ id: 1 }]);
});

test('a batch that fails anywhere leaves nothing behind', async () => {
  const sql = neon(database.url);
  const batch = sql.transaction([
    sql`INSERT INTO entries VALUES (1, 'kept?')`,
    sql`CREATE TABLE kept (id int)`,
    sql`INSERT INTO entries VALUES (1, 'again')`,
    sql`INSERT INTO entries VALUES (2, 'after')`,
  ]);
  await expect(batch).rejects.toMatchObject({ code: '23505', constraint: 'entries_pkey' });
  expect(await database.query('SELECT * FROM entries')).toEqual([]);
  expect(await database.query(`SELECT to_regclass('kept') AS found`)).toEqual([{ found: null }]);
});

test('a constraint that is checked at commit fails the batch, with its name', async () => {
  const sql = neon(database.url);
  const batch = sql.transaction([
    sql`INSERT INTO late VALUES (1), (1)`,
    sql`INSERT INTO entries VALUES (1, 'x')`,
  ]);
  await expect(batch).rejects.toMatchObject({ code: '23505', constraint: 'late_id_unique' });
  await expect(sql`INSERT INTO late VALUES (2), (2)`).rejects.toMatchObject({ code: '23505' });
  expect(await database.query('SELECT 1 FROM entries UNION ALL SELECT 1 FROM late')).toEqual([]);
});

test.each([
  ['ReadUncommitted', 'read uncommitted'],
  ['ReadCommitted', 'read committed'],
  ['RepeatableRead', 'repeatable read'],
  ['Serializable', 'serializable'],
] as const)(
  'isolationLevel %s is in force, given once or for one batch',
  async (isolationLevel, expected) => {
    const perBatch = neon(database.url);
    const always = neon(database.url, { isolationLevel });
    const inForce = [[{ isolation: expected, read_only: 'off', deferrable: 'off' }]];
    expect(await perBatch.transaction([perBatch.query(settings)], { isolationLevel })).toEqual(inForce);
    expect(await always.transaction([always.query(settings)])).toEqual(inForce);
  },
);

test('readOnly refuses a write, and deferrable is passed on', async () => {
  const sql = neon(database.url);
  const all = { isolationLevel: 'Serializable', readOnly: true, deferrable: true } as const;
  expect(await sql.transaction([sql.query(settings)], all)).toEqual([
    [{ isolation: 'serializable', read_only: 'on', deferrable: 'on' }],
  ]);
  const write = sql.transaction([sql`INSERT INTO entries VALUES (1, 'x')`], { readOnly: true });
  await expect(write).rejects.toMatchObject({ code: '25006' });
  const none = { readOnly: false, deferrable: false };
  expect(await sql.transaction([sql.query(settings)], none)).toMatchObject([
    [{ read_only: 'off', deferrable: 'off' }],
  ]);
});

test('repeatable read sees one snapshot, read committed each statement its own', async () => {
  const sql = neon(database.url);
  const count = 'SELECT count(*)::int AS n FROM entries';
  const readTwice = async (isolationLevel: 'RepeatableRead' | 'ReadCommitted'): Promise<unknown[]> => {
    const queries = [sql.query(count), sql.query(passGate), sql.query(count)];
    const [before, , after] = await sql.transaction(queries, { isolationLevel });
    return [before, after];
  };
  const outcomes = await withGate(
    () => [readTwice('RepeatableRead'), readTwice('ReadCommitted')],
    () => database.query(`INSERT INTO entries VALUES (1, 'meanwhile')`),
  );
  expect(outcomes).toMatchObject([{ value: [[{ n: 0 }], [{ n: 0 }]] }, { value: [[{ n: 0 }], [{ n: 1 }]] }]);
});

test('serializable refuses one of two batches that each miss what the other writes', async () => {
  const sql = neon(database.url);
  const countThenInsert = (id: number): Promise<unknown> =>
    sql.transaction(
      [
        sql`SELECT count(*) FROM entries`,
        sql.query(passGate),
        sql`INSERT INTO entries VALUES (${id}, 'skew')`,
      ],
      { isolationLevel: 'Serializable' },
    );
  const outcomes = await withGate(() => [countThenInsert(11), countThenInsert(12)]);
  const failures = outcomes.filter((outcome) => outcome.status === 'rejected');
  expect(failures).toMatchObject([{ reason: { code: '40001' } }]);
});

test('result options of a batch', async () => {
  const sql = neon(database.url);
  expect(await sql.transaction([sql`SELECT 1 AS n`], { arrayMode: true })).toEqual([[[1]]]);
  const [full] = await sql.transaction([sql`SELECT 1 AS n`], { fullResults: true });
  expect(full).toMatchObject({ rows: [{ n: 1 }], rowCount: 1, command: 'SELECT' });
});

test('a deadlock ends one of the two batches, and the other goes on', async () => {
  const sql = neon(database.url);
  await database.query(`INSERT INTO entries VALUES (1, ''), (2, '')`);
  const update = (first: number, second: number): Promise<unknown> =>
    sql.transaction([
      sql`UPDATE entries SET note = note || 'x' WHERE id = ${first}`,
      sql.query(passGate),
      sql`UPDATE entries SET note = note || 'x' WHERE id = ${second}`,
    ]);
  const outcomes = await withGate(() => [update(1, 2), update(2, 1)]);
  expect(outcomes.map((outcome) => outcome.status).toSorted()).toEqual(['fulfilled', 'rejected']);
  expect(outcomes.find((outcome) => outcome.status === 'rejected')).toMatchObject({
    reason: { code: '40P01' },
  });
  expect(await database.query('SELECT DISTINCT note FROM entries')).toEqual([{ note: 'x' }]);
});
