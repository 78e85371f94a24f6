import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { connectRunner, type RunnerConnection } from '../../dev/database/connect.ts';
import {
  MigrationFailed,
  MigrationRefused,
  migrate,
  rollback,
  type Migration,
  type TransactionRunner,
} from '../../src/db/migrate.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { describeCatalog, rowsOf } from './catalog.ts';

const separator = '\n--> statement-breakpoint\n';

function migration(name: string, up: readonly string[], down: readonly string[]): Migration {
  return { name, up: up.join(separator), down: down.join(separator) };
}

const plans = migration(
  '0001_plans',
  ['-- Who may buy what.\nCREATE TABLE plans (id integer PRIMARY KEY)', 'INSERT INTO plans VALUES (1), (2)'],
  ['DROP TABLE plans'],
);
const greeting = migration(
  '0002_greeting',
  [`CREATE FUNCTION greeting() RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM 1; RETURN 'hello'; END $$`],
  ['DROP FUNCTION greeting()'],
);
const packages = migration(
  '0003_packages',
  ['CREATE TABLE packages (id integer PRIMARY KEY)', 'CREATE INDEX packages_by_id ON packages (id DESC)'],
  ['DROP TABLE packages'],
);
const all = [plans, greeting, packages];

const failing = migration(
  '0004_failing',
  ['CREATE TABLE halves (id integer)', 'INSERT INTO plans VALUES (3)', 'INSERT INTO plans VALUES (1)'],
  ['DROP TABLE halves'],
);

describe.each(['postgres', 'neon-http'] as const)('migrating by %s', (kind) => {
  let database: TestDatabase;
  const connections: RunnerConnection[] = [];

  async function connect(): Promise<RunnerConnection> {
    const fetchEndpoint = kind === 'neon-http' ? inject('gatewayUrl') : undefined;
    const connection = await connectRunner(database.url, { fetchEndpoint });
    connections.push(connection);
    expect(connection.kind).toBe(kind);
    return connection;
  }

  const journal = () =>
    rowsOf(database.url, 'SELECT name FROM schema_migrations ORDER BY position').then((rows) =>
      rows.map(({ name }) => name),
    );

  beforeEach(async () => {
    database = await createTestDatabase();
  });

  afterEach(async () => {
    await Promise.all(connections.splice(0).map((connection) => connection.close()));
    await database.drop();
  });

  test('every migration is applied once, in order, and a second run finds nothing to do', async () => {
    const { run } = await connect();
    const told: string[] = [];
    const first = await migrate(run, all, { onApplied: (name) => told.push(name), appliedBy: 'operator' });
    expect(first.applied).toEqual(['0001_plans', '0002_greeting', '0003_packages']);
    expect(told).toEqual(first.applied);
    expect(await journal()).toEqual(first.applied);
    expect(await rowsOf(database.url, 'SELECT DISTINCT applied_by FROM schema_migrations')).toEqual([
      { applied_by: 'operator' },
    ]);
    expect((await migrate(run, all)).applied).toEqual([]);
  });

  test('a migration whose third statement fails leaves nothing behind and no journal row', async () => {
    const { run } = await connect();
    await migrate(run, all);
    const before = await describeCatalog(database.url);
    const refusal = migrate(run, [...all, failing]);
    await expect(refusal).rejects.toThrow(MigrationFailed);
    await expect(refusal).rejects.toThrow(/0004_failing failed, and nothing of it was kept: duplicate key/);
    expect(await describeCatalog(database.url)).toEqual(before);
    expect(await journal()).toEqual(['0001_plans', '0002_greeting', '0003_packages']);
    expect(await rowsOf(database.url, 'SELECT id FROM plans ORDER BY id')).toEqual([{ id: 1 }, { id: 2 }]);
    const repaired = migration('0004_failing', ['CREATE TABLE halves (id integer)'], ['DROP TABLE halves']);
    expect((await migrate(run, [...all, repaired])).applied).toEqual(['0004_failing']);
  });

  test('a rollback undoes the newest migration alone, until nothing is left', async () => {
    const { run } = await connect();
    await migrate(run, []);
    const empty = await describeCatalog(database.url);
    await migrate(run, [plans, greeting]);
    const before = await describeCatalog(database.url);
    await migrate(run, all);
    expect(await rollback(run, all)).toEqual({ rolledBack: '0003_packages' });
    expect(await describeCatalog(database.url)).toEqual(before);
    expect(await journal()).toEqual(['0001_plans', '0002_greeting']);
    expect(await rollback(run, all)).toEqual({ rolledBack: '0002_greeting' });
    expect(await rollback(run, all)).toEqual({ rolledBack: '0001_plans' });
    expect(await rollback(run, all)).toEqual({ rolledBack: undefined });
    expect(await describeCatalog(database.url)).toEqual(empty);
    expect((await migrate(run, all)).applied).toHaveLength(3);
  });

  test('a rollback that fails leaves the migration applied', async () => {
    const { run } = await connect();
    const stuck = migration(
      '0001_stuck',
      ['CREATE TABLE kept (id integer)'],
      ['DROP TABLE kept', 'DROP TABLE kept'],
    );
    await migrate(run, [stuck]);
    const before = await describeCatalog(database.url);
    await expect(rollback(run, [stuck])).rejects.toThrow(MigrationFailed);
    expect(await describeCatalog(database.url)).toEqual(before);
    expect(await journal()).toEqual(['0001_stuck']);
  });

  test.each([
    [
      'an up file that changed after it was applied',
      [plans, { ...greeting, up: `${greeting.up}\n-- later` }],
      /0002_greeting\.up\.sql has changed/,
    ],
    [
      'a down file that changed after it was applied',
      [plans, { ...greeting, down: '-- never mind' }],
      /0002_greeting\.down\.sql has changed/,
    ],
    ['an applied migration whose files are gone', [plans], /0002_greeting was applied .* missing/],
    [
      'an applied migration that was renamed',
      [plans, { ...greeting, name: '0002_farewell' }],
      /0002_greeting was applied .* missing/,
    ],
    ['a gap in the numbers', [plans, packages], /0003_packages is out of sequence: .* 0002/],
    [
      'two migrations with one number',
      [plans, greeting, { ...packages, name: '0002_packages' }],
      /0002_packages is out of sequence/,
    ],
    ['migrations out of order', [greeting, plans], /0002_greeting is out of sequence: .* 0001/],
    [
      'a name that is none',
      [plans, greeting, { ...packages, name: '3_Packages' }],
      /3_Packages is not a migration's name/,
    ],
    [
      'a migration that would end its own transaction',
      [plans, greeting, { ...packages, up: '-- done\nCOMMIT' }],
      /begins or ends a transaction/,
    ],
  ] satisfies [string, Migration[], RegExp][])(
    '%s is refused, both ways, and changes nothing',
    async (_case, files, message) => {
      const { run } = await connect();
      await migrate(run, [plans, greeting]);
      const before = await describeCatalog(database.url);
      for (const attempt of [() => migrate(run, files), () => rollback(run, files)]) {
        const refusal = attempt();
        await expect(refusal).rejects.toThrow(MigrationRefused);
        await expect(refusal).rejects.toThrow(message);
      }
      expect(await describeCatalog(database.url)).toEqual(before);
      expect(await journal()).toEqual(['0001_plans', '0002_greeting']);
    },
  );

  test('a migration older than the newest applied one, and never applied itself, is refused', async () => {
    const { run } = await connect();
    await migrate(run, all);
    await rowsOf(database.url, `DELETE FROM schema_migrations WHERE name = '0002_greeting'`);
    await expect(migrate(run, all)).rejects.toThrow(
      /0002_greeting was never applied, but the later 0003_packages was/,
    );
  });

  test('line ends of a Windows checkout are no change', async () => {
    const { run } = await connect();
    await migrate(run, all);
    const windows = all.map(({ name, up, down }) => ({
      name,
      up: up.replaceAll('\n', '\r\n'),
      down: down.replaceAll('\n', '\r\n'),
    }));
    expect((await migrate(run, windows)).applied).toEqual([]);
  });

  test('twenty runs at once apply each migration once, and all succeed', async () => {
    const runs = await Promise.all(Array.from({ length: 20 }, connect));
    const results = await Promise.all(runs.map(({ run }) => migrate(run, all)));
    expect(results.flatMap(({ applied }) => applied).toSorted()).toEqual(all.map(({ name }) => name));
    expect(await journal()).toEqual(all.map(({ name }) => name));
    expect(await rowsOf(database.url, 'SELECT id FROM plans')).toHaveLength(2);
  });

  /** Runs as `run` does, but lets something else happen between a run's first look at the journal and its work. */
  function interrupted(run: TransactionRunner, interruption: () => Promise<unknown>): TransactionRunner {
    let pending = true;
    return async (statements) => {
      const results = await run(statements);
      if (pending) {
        pending = false;
        await interruption();
      }
      return results;
    };
  }

  test('a run goes on from what another run applied meanwhile', async () => {
    const [one, other] = await Promise.all([connect(), connect()]);
    const slow = interrupted(one.run, () => migrate(other.run, [plans, greeting]));
    expect((await migrate(slow, all)).applied).toEqual(['0003_packages']);
    expect(await journal()).toEqual(all.map(({ name }) => name));
  });

  test('a run refuses to go on when another run applied something else meanwhile', async () => {
    const [one, other] = await Promise.all([connect(), connect()]);
    const otherPlans = migration('0001_plans', ['CREATE TABLE other_plans ()'], ['DROP TABLE other_plans']);
    const slow = interrupted(one.run, () => migrate(other.run, [otherPlans]));
    await expect(migrate(slow, all)).rejects.toThrow(MigrationRefused);
    expect(await journal()).toEqual(['0001_plans']);
  });

  test('of two rollbacks of one migration the later is refused, and undoes no other', async () => {
    const [one, other] = await Promise.all([connect(), connect()]);
    await migrate(one.run, all);
    const slow = interrupted(one.run, () => rollback(other.run, all));
    await expect(rollback(slow, all)).rejects.toThrow(/another run changed the database meanwhile/);
    expect(await journal()).toEqual(['0001_plans', '0002_greeting']);
  });
});

test('a connection that does not keep a transaction together is refused, not tried for ever', async () => {
  const database = await createTestDatabase();
  try {
    const client = await database.connect();
    const eachOnItsOwn: TransactionRunner = async (statements) => {
      const results: Record<string, unknown>[][] = [];
      for (const { text, params } of statements) results.push((await client.query(text, [...params])).rows);
      return results;
    };
    await expect(migrate(eachOnItsOwn, all)).rejects.toThrow(/does not keep a transaction together/);
    expect(await database.query('SELECT name FROM schema_migrations')).toEqual([]);
  } finally {
    await database.drop();
  }
});
