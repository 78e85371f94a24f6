import { neon, neonConfig } from '@neondatabase/serverless';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type FaultRequest, type NeonGateway, startGateway } from '../../dev/neon-gateway/index.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { eventually } from '../support/eventually.ts';

let database: TestDatabase;
let gateway: NeonGateway;

beforeAll(async () => {
  database = await createTestDatabase();
  await database.query('CREATE TABLE entries (id int PRIMARY KEY)');
  gateway = await startGateway();
  neonConfig.fetchEndpoint = gateway.url;
});

beforeEach(async () => {
  gateway.setFault(undefined);
  await database.query('TRUNCATE entries');
});

afterAll(async () => {
  await gateway.stop();
  await database.drop();
});

const stored = (): Promise<{ id: number }[]> => database.query('SELECT id FROM entries ORDER BY id');

/** The same change by a single statement and by a batch. */
const changes = {
  'a statement': () => neon(database.url)`INSERT INTO entries VALUES (1)`,
  'a batch': () => {
    const sql = neon(database.url);
    return sql.transaction([sql`INSERT INTO entries VALUES (1)`, sql`SELECT count(*) FROM entries`]);
  },
} as const;
const kinds = ['a statement', 'a batch'] as const;

test.each(kinds)('refuse: %s meets a reset connection and nothing has happened', async (kind) => {
  gateway.setFault(() => 'refuse');
  await expect(changes[kind]()).rejects.toThrow('fetch failed');
  expect(await stored()).toEqual([]);
});

test.each(kinds)('error: %s gets a 503 and nothing has happened', async (kind) => {
  gateway.setFault(() => 'error');
  await expect(changes[kind]()).rejects.toThrow('Server error (HTTP status 503)');
  expect(await stored()).toEqual([]);
});

test.each(kinds)('lose-answer: %s has happened, but its client sees a reset connection', async (kind) => {
  gateway.setFault(() => 'lose-answer');
  await expect(changes[kind]()).rejects.toThrow('fetch failed');
  expect(await stored()).toEqual([{ id: 1 }]);
});

test.each(kinds)('rollback: %s ran, but nothing has happened when its client hears of it', async (kind) => {
  gateway.setFault(() => 'rollback');
  await expect(changes[kind]()).rejects.toMatchObject({ message: 'connection closed', code: '' });
  expect(await stored()).toEqual([]);
  gateway.setFault(undefined);
  await changes[kind]();
  expect(await stored()).toEqual([{ id: 1 }]);
});

test('hang: no answer comes, and nothing runs, not even once the client has given up', async () => {
  let asked = false;
  gateway.setFault(() => {
    asked = true;
    return 'hang';
  });
  const abort = new AbortController();
  const sql = neon(database.url, { fetchOptions: { signal: abort.signal } });
  const outcome = expect(sql`INSERT INTO entries VALUES (1)`).rejects.toThrow('abort');
  await eventually('the request has arrived', () => asked);
  abort.abort();
  await outcome;
  gateway.setFault(undefined);
  await neon(database.url)`INSERT INTO entries VALUES (2)`;
  expect(await stored()).toEqual([{ id: 2 }]);
});

test('delayUntil: the request is served once the promise settles, also when it rejects', async () => {
  const delay = Promise.withResolvers<void>();
  gateway.setFault(({ queries: [query = ''] }) => ({
    delayUntil: query.includes('(1)') ? delay.promise : Promise.reject(new Error('not to be waited for')),
  }));
  const sql = neon(database.url);
  const first = sql`INSERT INTO entries VALUES (1)`.then(() => stored());
  await sql`INSERT INTO entries VALUES (2)`;
  expect(await stored()).toEqual([{ id: 2 }]);
  delay.resolve();
  expect(await first).toEqual([{ id: 1 }, { id: 2 }]);
});

test('a fault sees each request’s statements, their parameters and its number, and can pick', async () => {
  const seen: FaultRequest[] = [];
  const before = gateway.requestCount;
  gateway.setFault((request) => {
    seen.push(request);
    return request.queries.length > 1 ? 'error' : 'none';
  });
  const sql = neon(database.url);
  await sql`SELECT ${1}::int AS n`;
  await expect(sql.transaction([sql`SELECT 1`, sql`SELECT 2`])).rejects.toThrow('503');
  expect(seen).toEqual([
    { queries: ['SELECT $1::int AS n'], values: [['1']], sequence: before + 1 },
    { queries: ['SELECT 1', 'SELECT 2'], values: [[], []], sequence: before + 2 },
  ]);
  expect(gateway.requestCount).toBe(before + 2);
});
