import { neon, neonConfig, types } from '@neondatabase/serverless';
import { types as directTypes, type Client } from 'pg';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let direct: Client;

/** Times in all their forms: Drizzle, in a process where it has run, has the driver leave them as they come. */
const timeTypes = [1082, 1114, 1115, 1182, 1184, 1185, 1186, 1187, 1231];

beforeAll(async () => {
  for (const type of timeTypes) types.setTypeParser(type, directTypes.getTypeParser(type));
  neonConfig.fetchEndpoint = inject('gatewayUrl');
  database = await createTestDatabase();
  direct = await database.connect();
  await database.query(`CREATE TYPE mood AS ENUM ('glad', 'so so', 'sad "quoted"')`);
});

afterAll(() => database.drop());

const instant = new Date('2026-02-28T23:59:59.123Z');

/** What the driver's own tests send (tests/cli/sampleQueries.ts in neondatabase/serverless), and more. */
const parameters: readonly (readonly [string, unknown])[] = [
  ['$1', 1],
  ['$1::int', -1],
  ['$1::int8', 1],
  ['$1::int8', 9_007_199_254_740_993n],
  ['$1', 2n],
  ['$1::decimal', -1],
  ['$1::numeric(40,20)', '12345678901234567890.00000000000000000001'],
  ['$1::real', Math.PI],
  ['$1::double precision', Math.PI],
  ['$1::float8', 'NaN'],
  ['$1::float8', '-Infinity'],
  ['$1', true],
  ['$1::boolean', false],
  ['$1', 'hello'],
  ['$1', ''],
  ['$1', 'NULL'],
  ['$1', 'Grüße 😀 \u2028 \t\n "quoted" \\ back'],
  ['$1', null],
  ['$1', undefined],
  ['$1', { x: 'y' }],
  ['$1::json', { x: [1, null, 'é'] }],
  ['$1::jsonb', { b: 1, a: { deep: [true] } }],
  ['$1::jsonb', '"text"'],
  ['$1::jsonb', 'null'],
  ['$1', instant],
  ['$1::timestamptz', instant],
  ['$1::timestamp', instant],
  ['$1::date', instant],
  ['$1::timestamptz', 'infinity'],
  ['$1::timestamptz', '0044-03-15 12:00:00+00 BC'],
  ['$1::time', '17:18:19'],
  ['$1::timetz', '16:17:18+01:00'],
  ['$1::interval', '1 year 2 mons 3 days 04:05:06.789'],
  ['$1::interval', '-00:00:01'],
  ['$1::uuid', '0b5a9c1e-7a53-4d0e-9f5c-0d3e1c2b4a59'],
  ['$1::bytea', '\\xDEADBEEF'],
  ['$1::bytea', new Uint8Array([65, 66, 67])],
  ['$1::bytea', Buffer.from([0, 1, 254, 255])],
  ['$1::bytea', new Uint8Array(65_536).fill(128)],
  ['$1::macaddr', '11:22:33:44:55:66'],
  ['$1::cidr', '10.10.10.0/24'],
  ['$1::inet', '::1'],
  ['$1::point', '(2, 3)'],
  ['$1::circle', '<(2, 3), 1>'],
  ['$1::int4range', '[1,4)'],
  ['$1::tstzrange', '[2026-01-01 00:00+00,)'],
  ['$1::mood', 'sad "quoted"'],
  ['$1::int[]', [1, 2, 3]],
  ['$1::int[]', []],
  ['$1::int[]', [null, 1]],
  ['$1::int[][]', [[2], [4]]],
  ['$1::int8[]', ['9007199254740993']],
  ['$1::text[]', ['a', 'NULL', null, '', 'with "quotes", {braces} \\ and, commas', ' spaced ']],
  [
    '$1::text[][]',
    [
      ['a', 'b"'],
      [null, 'd,'],
    ],
  ],
  ['$1::boolean[]', [true, false, null]],
  ['$1::timestamptz[]', [instant]],
  ['$1::numeric[]', ['1.10', '-2']],
  ['$1::mood[]', '{glad,"so so"}'],
  ['$1::jsonb[]', [{ a: '"' }]],
  ['$1::bytea[]', ['\\xDEADBEEF', '\\xDEADBEEF']],
  ['$1::point[]', ['(2, 3)']],
  ['$1', ['a', 'b', 'c']],
];

test.each(parameters)(
  'SELECT %s for %o gives what a direct connection gives, metadata included',
  async (expression, parameter) => {
    const query = `SELECT ${expression} AS value, 'next' AS value2`;
    const result = await neon(database.url, { fullResults: true }).query(query, [parameter]);
    const expected = await direct.query(query, [parameter]);
    expect(result.rows).toEqual(expected.rows);
    expect(result.fields).toEqual(expected.fields.map((field) => ({ ...field })));
    expect(result).toMatchObject({ command: 'SELECT', rowCount: 1, rowAsArray: false });
  },
);

test('a tagged template sends its values as parameters, never as SQL', async () => {
  const sql = neon(database.url);
  const hostile = `'; DROP TYPE mood; --`;
  expect(await sql`SELECT ${hostile} || ${'!'} AS text, ${3}::int + ${4}::int AS sum`).toEqual([
    { text: `${hostile}!`, sum: 7 },
  ]);
  const condition = sql`WHERE label = ${'glad'}`;
  expect(
    await sql`SELECT * FROM (SELECT unnest(enum_range(NULL::mood))::text AS label) moods ${condition}`,
  ).toEqual([{ label: 'glad' }]);
});

test('columns of a table carry their origin, length and precision', async () => {
  await database.query('CREATE TABLE priced (id int PRIMARY KEY, name varchar(20), amount numeric(12,2))');
  await database.query(`INSERT INTO priced VALUES (1, 'a', 99.50)`);
  const query = 'SELECT amount, name, id, id AS id FROM priced';
  const result = await neon(database.url, { fullResults: true, arrayMode: true }).query(query);
  const expected = await direct.query({ text: query, rowMode: 'array' });
  expect(result.fields).toEqual(expected.fields.map((field) => ({ ...field })));
  expect(result.rows).toEqual([['99.50', 'a', 1, 1]]);
});

describe('arrayMode and fullResults', () => {
  test.each([
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ])('arrayMode %s with fullResults %s, given once or for one query', async (arrayMode, fullResults) => {
    const rows = arrayMode ? [['xyz', 1]] : [{ str: 'xyz', n: 1 }];
    const expected = fullResults
      ? expect.objectContaining({ rows, rowCount: 1, command: 'SELECT', rowAsArray: arrayMode })
      : rows;
    const query = `SELECT 'xyz' AS str, 1 AS n`;
    expect(await neon(database.url, { arrayMode, fullResults }).query(query)).toEqual(expected);
    const opposite = neon(database.url, { arrayMode: !arrayMode, fullResults: !fullResults });
    expect(await opposite.query(query, [], { arrayMode, fullResults })).toEqual(expected);
  });
});

test.each([
  ['CREATE TABLE commanded (id int)', 'CREATE', null],
  ['INSERT INTO commanded SELECT generate_series(1, 3)', 'INSERT', 3],
  ['UPDATE commanded SET id = id + 10 WHERE id > 1', 'UPDATE', 2],
  ['SELECT * FROM commanded WHERE id > 1000', 'SELECT', 0],
  ['DELETE FROM commanded', 'DELETE', 3],
  ['SET LOCAL work_mem = 64', 'SET', null],
  ['DROP TABLE commanded', 'DROP', null],
])('%s says %s and how many rows', async (query, command, rowCount) => {
  const result = await neon(database.url, { fullResults: true }).query(query);
  expect(result).toMatchObject({ command, rowCount });
});

test('an empty statement and a result without columns are answered', async () => {
  const sql = neon(database.url, { fullResults: true });
  expect(await sql.query('')).toMatchObject({ rows: [], fields: [], command: '' });
  expect(await sql.query('-- nothing')).toMatchObject({ rows: [] });
  expect(await sql.query('SELECT')).toMatchObject({ rows: [{}], fields: [], rowCount: 1 });
});

test('a result of many megabytes comes whole', async () => {
  const rows = await neon(database.url).query(
    `SELECT i, repeat('é', 1000) AS text FROM generate_series(1, 5000) i`,
  );
  expect(rows).toHaveLength(5000);
  expect(rows[4999]).toEqual({ i: 5000, text: 'é'.repeat(1000) });
});
