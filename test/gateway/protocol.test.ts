import { request as httpRequest } from 'node:http';
import { networkInterfaces } from 'node:os';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type NeonGateway, startGateway } from '../../dev/neon-gateway/index.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let gateway: NeonGateway;

beforeAll(async () => {
  database = await createTestDatabase();
  gateway = await startGateway({ maxRequestBytes: 10_000, maxResponseBytes: 10_000 });
});

afterAll(async () => {
  await gateway.stop();
  await database.drop();
});

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

async function send(body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(gateway.url, {
    method: 'POST',
    headers: { 'Neon-Connection-String': database.url, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** Every member that the driver copies into its error. */
const errorMembers =
  'code column constraint dataType detail file hint internalPosition internalQuery line message position routine schema severity table where'.split(
    ' ',
  );

test.each([
  ['not JSON', '{"query":'],
  ['no query', {}],
  ['a list', []],
  ['a query that is no text', { query: 1 }],
  ['parameters that are no list', { query: 'SELECT 1', params: 'x' }],
  ['queries that are no list', { queries: 'SELECT 1' }],
  ['a batch with something else in it', { queries: [{ query: 'SELECT 1' }, 'SELECT 2'] }],
])('a malformed body, %s, gets a 400 in the shape of a database error', async (_name, body) => {
  const { status, body: error } = await send(body);
  expect(status).toBe(400);
  expect(Object.keys(error ?? {}).toSorted()).toEqual(errorMembers);
  expect(error).toMatchObject({
    message: expect.stringContaining('could not parse the HTTP request body'),
    code: '',
    severity: '',
    detail: null,
  });
});

test.each([
  ['postgres://u:p@db.example.com/app', 'only reaches databases on this machine'],
  ['postgres://u:p@10.0.0.1/app', 'only reaches databases on this machine'],
  ['postgres://u:p@127.0.0.1.example.com/app', 'only reaches databases on this machine'],
  ['postgres://u:p@0.0.0.0/app', 'only reaches databases on this machine'],
  ['postgres://u:p@[::ffff:10.0.0.1]/app', 'only reaches databases on this machine'],
  ['mysql://u:p@127.0.0.1/app', 'incorrect scheme'],
  ['postgres://127.0.0.1/app', 'missing username'],
  ['postgres://u@127.0.0.1/app', 'required password'],
  ['postgres://u:p@127.0.0.1', 'missing database name'],
  ['postgres://u:%zz@127.0.0.1/app', 'percent-encoding'],
  ['nonsense', 'not a URL'],
  ['', 'invalid header: neon-connection-string'],
])('the connection string %s is refused: %s', async (connectionString, message) => {
  const { status, body } = await send({ query: 'SELECT 1' }, { 'Neon-Connection-String': connectionString });
  expect(status).toBe(400);
  expect(body).toMatchObject({ message: expect.stringContaining(message), code: '' });
});

test('a connection string cannot name another host in its parameters', async () => {
  const connectionString = `${database.url}?host=10.255.255.1&sslmode=require&options=-c%20work_mem%3D64`;
  const { body } = await send(
    { query: `SELECT current_setting('work_mem') AS work_mem, inet_server_addr()::text AS server` },
    { 'Neon-Connection-String': connectionString },
  );
  expect(body).toMatchObject({ rows: [{ work_mem: '4MB', server: '127.0.0.1/32' }] });
});

test('only this machine reaches the gateway, and only by a name of this machine', async () => {
  const outside = Object.values(networkInterfaces())
    .flat()
    .find((address) => address?.family === 'IPv4' && !address.internal);
  if (outside) {
    const refused = await new Promise<string | undefined>((resolve) => {
      const socket = connect(gateway.port, outside.address, () => resolve('connected'));
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
    });
    expect(refused).toBe('ECONNREFUSED');
  }
  const status = await new Promise((resolve, reject) => {
    const request = httpRequest(
      gateway.url,
      {
        method: 'POST',
        headers: { host: 'rebound.example.com', 'neon-connection-string': database.url },
      },
      (response) => resolve(response.resume().statusCode),
    );
    request.on('error', reject).end('{"query":"SELECT 1"}');
  });
  expect(status).toBe(400);
});

test('other methods and paths are refused', async () => {
  expect((await fetch(gateway.url)).status).toBe(400);
  expect((await fetch(gateway.url.replace('/sql', '/'), { method: 'POST' })).status).toBe(400);
});

test('a request or an answer over the limit is refused, and the next one is served', async () => {
  const tooLarge = await send({ query: 'SELECT $1', params: ['x'.repeat(5_000_000)] });
  expect(tooLarge).toMatchObject({ status: 413, body: { message: expect.stringContaining('10000 bytes') } });
  const answer = await send({ query: `SELECT repeat('x', 1000) FROM generate_series(1, 20)` });
  expect(answer).toMatchObject({ status: 507, body: { message: expect.stringContaining('10000 bytes') } });
  expect(await send({ query: 'SELECT 1 AS one' })).toMatchObject({ status: 200 });
});

test('the default limit is large enough for a body of 60 MiB', async () => {
  const response = await fetch(inject('gatewayUrl'), {
    method: 'POST',
    headers: { 'Neon-Connection-String': database.url },
    body: JSON.stringify({ query: 'SELECT length($1) AS n', params: ['x'.repeat(60 * 1024 * 1024)] }),
  });
  expect(await response.json()).toMatchObject({ rows: [{ n: 60 * 1024 * 1024 }] });
});

test('a batch repeats the options it ran with, and refuses an unknown isolation level', async () => {
  const queries = [{ query: 'SELECT 1' }];
  const { headers } = await send(
    { queries },
    { 'Neon-Batch-Isolation-Level': 'Serializable', 'Neon-Batch-Read-Only': 'true' },
  );
  expect(headers.get('neon-batch-isolation-level')).toBe('Serializable');
  expect(headers.get('neon-batch-read-only')).toBe('true');
  expect(headers.has('neon-batch-deferrable')).toBe(false);
  const unknown = await send({ queries }, { 'Neon-Batch-Isolation-Level': 'Serialisable' });
  expect(unknown).toMatchObject({ status: 400, body: { message: 'invalid isolation level' } });
});

describe('without Neon-Raw-Text-Output values are JSON, as Neon chooses it', () => {
  test.each([
    [`true`, true],
    [`1::int2`, 1],
    [`-2147483648`, -2_147_483_648],
    [`9007199254740993::int8`, '9007199254740993'],
    [`1.50::numeric`, '1.50'],
    [`1.5::float8`, 1.5],
    [`1e300::float8`, 1e300],
    [`'NaN'::float4`, 'NaN'],
    [`'-Infinity'::float8`, '-Infinity'],
    [`'text "quoted"'`, 'text "quoted"'],
    [`NULL::int`, null],
    [`'{"a":[1,null,"b"]}'::json`, { a: [1, null, 'b'] }],
    [`'null'::jsonb`, null],
    [`'2026-01-01'::date`, '2026-01-01'],
    [`'\\x00ff'::bytea`, '\\x00ff'],
    [`ARRAY[1, NULL, 3]`, [1, null, 3]],
    [`ARRAY[[1, 2], [3, 4]]`, [[1, 2], [3, 4]]], // prettier-ignore
    [`'{}'::int[]`, []],
    [`'[0:1]={5,6}'::int[]`, [5, 6]],
    [`ARRAY[true, false]`, [true, false]],
    [`ARRAY['a', NULL, 'NULL', '', 'q"b\\s,{c} ']`, ['a', null, 'NULL', '', 'q"b\\s,{c} ']],
    [`ARRAY['{"a": "x,\\"}"}'::jsonb, 'null']`, [{ a: 'x,"}' }, null]],
    [`ARRAY[1.5::numeric]`, ['1.5']],
    [`ARRAY['2026-01-01 00:00:00'::timestamp]`, ['2026-01-01 00:00:00']],
  ])('%s', async (expression, expected) => {
    const query = `SELECT ${expression} AS value`;
    expect((await send({ query })).body).toMatchObject({ rows: [{ value: expected }], rowAsArray: false });
    expect((await send({ query, arrayMode: true })).body).toMatchObject({ rows: [[expected]] });
  });

  test('a json value passes unchanged, as its numbers may be larger than JavaScript’s', async () => {
    const response = await fetch(gateway.url, {
      method: 'POST',
      headers: { 'Neon-Connection-String': database.url },
      body: JSON.stringify({ query: `SELECT '{"n": 123456789012345678901234567890}'::json AS value` }),
    });
    expect(await response.text()).toContain('{"n": 123456789012345678901234567890}');
  });
});

test.each([
  ['$1::int', 7, 7],
  ['$1::bool', true, true],
  ['$1::jsonb', { a: 1 }, { a: 1 }],
  ['$1::text', null, null],
  ['$1::int[]', [1, null, 2], [1, null, 2]],
  ['$1::text[]', ['a"b\\', 'c,d', null], ['a"b\\', 'c,d', null]],
  ['$1::jsonb[]', [{ a: '"' }], [{ a: '"' }]],
])('%s takes the JSON parameter %j', async (expression, parameter, expected) => {
  const { body } = await send({ query: `SELECT ${expression} AS value`, params: [parameter] });
  expect(body).toMatchObject({ rows: [{ value: expected }] });
});
