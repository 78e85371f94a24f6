import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fillLedger, type LedgerSize } from '../../bench/ledger-data.ts';
import type { Statement } from '../../src/db/client.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { expectSoundLedger } from '../support/ledger.ts';
import { startPlanner, type Plan, type Planner } from '../support/plans.ts';
import { migratedTemplate } from '../support/template.ts';
import { commonStatements, hotRowsSql, hotStatements, type HotRows } from './hot-statements.ts';

interface Filled {
  readonly database: TestDatabase;
  readonly planner: Planner;
  readonly rows: HotRows;
}

async function fill(size: LedgerSize): Promise<Filled> {
  const database = await createTestDatabase({ template: migratedTemplate });
  const client = await database.connect();
  await fillLedger((sql) => client.query(sql), size);
  const [rows] = await database.query<HotRows & Record<string, unknown>>(hotRowsSql);
  if (rows === undefined) throw new Error('there is no hot account');
  return { database, planner: await startPlanner(database), rows };
}

let young: Filled;
let old: Filled;

beforeAll(async () => {
  young = await fill({ customers: 10, former: 10, transactions: 2000, hotTransactions: 1000, events: 1000 });
  old = await fill({
    customers: 1000,
    former: 20_000,
    transactions: 1_000_000,
    hotTransactions: 100_000,
    events: 100_000,
  });
}, 240_000);
afterAll(async () => {
  await Promise.all([young, old].map(({ planner }) => planner.stop()));
  await Promise.all([young, old].map(({ database }) => database.drop()));
});

/** Enough runs for PostgreSQL to plan without looking at the parameters, as it does in a session that goes on. */
const runs = 7;
/** Of a table this large, reading all of it shows. */
const manyRows = 5000;

async function largeTables({ database }: Filled): Promise<ReadonlySet<string>> {
  const tables = await database.query<{ name: string }>(
    "select relname as name from pg_class where relkind = 'r' and reltuples >= $1",
    [manyRows],
  );
  return new Set(tables.map(({ name }) => name));
}

/** Pages that a statement touches once its session is warm. */
function pagesOf(executions: readonly (readonly Plan[])[]): number {
  return Math.min(...executions.map((plans) => plans.at(-1)?.buffers ?? Infinity));
}

/** What no customer should feel the age of their account in. */
const constant = [
  'a spend',
  'a spend under a key',
  'a spend of a service',
  'a spend that is too much',
  'a hold',
  'the capture of a hold',
  'the release of a hold',
  'the balance',
  'a check of credits',
  'a transaction',
  'active holds, listed',
  'an admin’s grant',
  'an admin’s adjustment',
  'an admin’s clawback',
  'a refund',
  'the renewal of a plan',
  'a month of a year',
  'a subscription that changed',
  'a pay page of a plan',
];
/** The trees of the indices are deeper by a page or two. */
const depth = 2.5;
/** What a page of a list, or a whole story, may touch. */
const pagesAtMost = 700;

const statementsOf = ({ rows }: Filled): Readonly<Record<string, Statement>> => ({
  ...hotStatements(rows),
  ...commonStatements(rows),
});

describe('with a million entries in the ledger, a hundred thousand of them in one account', () => {
  test('the data are a sound ledger, of that size', async () => {
    await expectSoundLedger(young.database.query);
    const [size] = await old.database.query(
      `select count(*)::int as entries, count(*) filter (where customer_id = $1)::int as hot
       from credit_transactions`,
      [old.rows.customerId],
    );
    expect(size).toMatchObject({ entries: expect.closeTo(1_000_000, -6), hot: expect.closeTo(100_000, -3) });
  });

  test('no hot statement reads a large table from end to end, nor does any within its functions', async () => {
    const large = await largeTables(old);
    expect([...large]).toEqual(
      expect.arrayContaining(['credit_transactions', 'credit_lots', 'webhook_events']),
    );
    const found: string[] = [];
    for (const [name, statement] of Object.entries(statementsOf(old))) {
      const plans = (await old.planner.plansOf(statement, runs)).flat();
      for (const { sql, seqScans } of plans) {
        if (seqScans.some((table) => large.has(table))) found.push(`${name}: ${sql.replaceAll(/\s+/g, ' ')}`);
      }
    }
    expect([...new Set(found)]).toEqual([]);
  });

  test('what an account does costs as much as when it was young, and no list more than its page', async () => {
    const statements = statementsOf(old);
    const before = statementsOf(young);
    expect(Object.keys(statements)).toEqual(expect.arrayContaining(constant));
    const dear: string[] = [];
    for (const [name, statement] of Object.entries(statements)) {
      const pages = pagesOf(await old.planner.plansOf(statement, runs));
      const earlier = before[name];
      const then = earlier === undefined ? 0 : pagesOf(await young.planner.plansOf(earlier, runs));
      const limit = constant.includes(name) ? then * depth : pagesAtMost;
      if (pages > limit) dear.push(`${name}: ${pages} pages, ${then} when the account was young`);
    }
    expect(dear).toEqual([]);
  });
});
