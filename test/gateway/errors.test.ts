import { neon, neonConfig, NeonDbError } from '@neondatabase/serverless';
import { DatabaseError } from 'pg';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { startGateway } from '../../dev/neon-gateway/index.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;

beforeAll(async () => {
  neonConfig.fetchEndpoint = inject('gatewayUrl');
  database = await createTestDatabase();
  await database.query(`
    CREATE TABLE plans (
      id int PRIMARY KEY,
      plan_key text NOT NULL CONSTRAINT plans_plan_key_unique UNIQUE,
      amount int CONSTRAINT plans_amount_not_negative CHECK (amount >= 0)
    )`);
  await database.query(`INSERT INTO plans VALUES (1, 'starter', 99)`);
  await database.query('CREATE DOMAIN percentage AS int CONSTRAINT percentage_range CHECK (VALUE <= 100)');
});

afterAll(() => database.drop());

async function driverError(url: string, query: string, parameters: unknown[] = []): Promise<NeonDbError> {
  const error: unknown = await neon(url)
    .query(query, parameters)
    .then(
      () => undefined,
      (reason: unknown) => reason,
    );
  if (error instanceof NeonDbError) return error;
  throw new Error('The query was expected to fail', { cause: error });
}

const failing: readonly (readonly [string, string, Record<string, unknown>])[] = [
  [
    'a unique violation',
    `INSERT INTO plans VALUES (2, 'starter', 1)`,
    {
      code: '23505',
      severity: 'ERROR',
      schema: 'public',
      table: 'plans',
      constraint: 'plans_plan_key_unique',
      detail: 'Key (plan_key)=(starter) already exists.',
    },
  ],
  [
    'a check violation',
    `INSERT INTO plans VALUES (2, 'pro', -1)`,
    { code: '23514', constraint: 'plans_amount_not_negative' },
  ],
  ['a missing value', `INSERT INTO plans VALUES (2, NULL, 1)`, { code: '23502', column: 'plan_key' }],
  ['a domain', `SELECT 101::percentage`, { code: '23514', dataType: 'percentage' }],
  ['a syntax error', 'SELEC 1', { code: '42601', position: '1' }],
  ['an unknown column', 'SELECT 123 WHERE x', { code: '42703', position: '18' }],
  ['a division by zero', 'SELECT 1 / 0', { code: '22012', routine: 'int4div' }],
  [
    'a raised exception',
    `DO $$ BEGIN RAISE EXCEPTION 'no % left', 'credits' USING
       ERRCODE = 'RC001', DETAIL = 'balance 3', HINT = 'buy more', TABLE = 'credit_accounts'; END $$`,
    {
      code: 'RC001',
      message: 'no credits left',
      detail: 'balance 3',
      hint: 'buy more',
      table: 'credit_accounts',
      where: 'PL/pgSQL function inline_code_block line 1 at RAISE',
    },
  ],
  [
    'an error inside a function',
    `DO $$ BEGIN EXECUTE 'SELECT nothing_here'; END $$`,
    { code: '42703', internalQuery: 'SELECT nothing_here', internalPosition: '8' },
  ],
  ['several statements', 'SELECT 1; SELECT 2', { code: '42601' }],
  ['too few parameters', 'SELECT $1::int', { code: '08P01' }],
];

test.each(failing)('%s carries every field that a direct connection has', async (_name, query, fields) => {
  const error = await driverError(database.url, query);
  expect(error).toMatchObject(fields);
  const extended = { text: query, queryMode: 'extended' };
  const direct = await database.connect();
  const expected: unknown = await direct.query(extended).catch((reason: unknown) => reason);
  if (!(expected instanceof DatabaseError)) throw new Error('expected to fail directly, too');
  const { length: _length, name: _errorName, ...expectedFields } = { ...expected };
  expect({ ...error, sourceError: undefined }).toMatchObject(expectedFields);
  expect(error.message).toBe(expected.message);
});

test('COPY from a client, which HTTP has no place for, is refused and leaves the connection usable', async () => {
  expect(await driverError(database.url, 'COPY plans FROM STDIN')).toMatchObject({ code: '57014' });
  expect(await neon(database.url)`SELECT 1 AS one`).toEqual([{ one: 1 }]);
});

test('too many parameters are refused by Postgres', async () => {
  const error = await driverError(database.url, 'SELECT $1::int', [1, 2]);
  expect(error.message).toContain('bind message supplies 2 parameters');
});

test('a NUL character is refused, in a value by Postgres and in a statement by the gateway', async () => {
  expect(await driverError(database.url, 'SELECT $1::text', ['a\u0000b'])).toMatchObject({ code: '22021' });
  expect(await driverError(database.url, `SELECT $1::jsonb`, ['"\\u0000"'])).toMatchObject({ code: '22P05' });
  const inStatement = await driverError(database.url, `SELECT 'a\u0000b'`);
  expect(inStatement.message).toContain('embedded null');
  expect(await neon(database.url)`SELECT 1 AS one`).toEqual([{ one: 1 }]);
});

test('half a surrogate pair is refused, not silently replaced', async () => {
  expect((await driverError(database.url, 'SELECT $1::text', ['\ud83d'])).message).toContain('surrogate');
});

test('more parameters than the wire protocol can count are refused', async () => {
  const many = Array.from({ length: 65_536 }, () => '1');
  expect((await driverError(database.url, 'SELECT 1', many)).message).toContain('65535 parameters');
});

test('a wrong password, user or database is the caller’s error, with its code', async () => {
  const variant = (change: (url: URL) => void): string => {
    const url = new URL(database.url);
    change(url);
    return url.href;
  };
  const wrongPassword = variant((url) => (url.password = 'wrong'));
  const wrongUser = variant((url) => (url.username = 'nobody'));
  const wrongDatabase = variant((url) => (url.pathname = '/nowhere'));
  expect(await driverError(wrongPassword, 'SELECT 1')).toMatchObject({
    code: '28P01',
    severity: 'FATAL',
    message: 'password authentication failed for user "ratecard"',
  });
  expect(await driverError(wrongUser, 'SELECT 1')).toMatchObject({ code: '28P01' });
  expect(await driverError(wrongDatabase, 'SELECT 1')).toMatchObject({
    code: '3D000',
    message: 'database "nowhere" does not exist',
  });
});

test('a connection opened with the right password is never lent to a request with a wrong one', async () => {
  const gateway = await startGateway();
  try {
    const options = { fetchOptions: {} };
    neonConfig.fetchEndpoint = gateway.url;
    await neon(database.url, options)`SELECT 1`;
    const url = new URL(database.url);
    url.password = 'wrong';
    expect(await driverError(url.href, 'SELECT 1')).toMatchObject({ code: '28P01' });
  } finally {
    neonConfig.fetchEndpoint = inject('gatewayUrl');
    await gateway.stop();
  }
});

test('a Postgres that is down is a server error, which the driver cannot take for an SQL error', async () => {
  const url = new URL(database.url);
  url.port = '1';
  const error = await driverError(url.href, 'SELECT 1');
  expect(error.code).toBeUndefined();
  expect(error.message).toMatch(/^Server error \(HTTP status 500\).*could not connect to Postgres/);
});

test('a backend that is killed fails its request only', async () => {
  const sql = neon(database.url);
  const error = await driverError(database.url, 'SELECT pg_terminate_backend(pg_backend_pid())');
  expect(error).toMatchObject({ code: '57P01', severity: 'FATAL' });
  expect(await sql`SELECT 1 AS one`).toEqual([{ one: 1 }]);
});
