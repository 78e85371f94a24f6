import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { migratedTemplate } from '../support/template.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase({ template: migratedTemplate });
});
afterAll(() => database.drop());

/** The statements of a page's `sql` blocks, in their order. */
function statementsIn(page: string): readonly string[] {
  const blocks = [...readFileSync(page, 'utf8').matchAll(/^ *```sql\n([\s\S]*?)^ *```$/gm)];
  const sql = blocks.map(([, block = '']) => block.replaceAll(/--.*$/gm, '')).join('');
  return sql
    .split(';')
    .map((statement) => statement.trim())
    .filter(Boolean);
}

const balances = () => database.query('SELECT balance::int FROM credit_accounts');

test('the way over from another back end works as it is written, and brings a balance over once', async () => {
  const [customer = '', balance = '', beginning = '', ...others] = statementsIn('docs/migrate.md');
  expect(others).toEqual([]);
  await database.query(customer);
  await database.query(balance);
  await database.query(balance);
  expect(await balances()).toEqual([{ balance: 1200 }]);
  await database.query(beginning);
  expect(await database.query('SELECT finished_at = window_until AS begins FROM gap_checks')).toEqual([
    { begins: true },
  ]);
});

test('the queries for operators run, count a new installation, and find no disagreement', async () => {
  const [sealed, plans, packages, history, events, ledger, waiting, unknown, ...others] =
    statementsIn('docs/operate.md');
  expect(others).toEqual([]);
  const run = (statement = '') => database.query(statement);
  expect([await run(plans), await run(packages), await run(events)]).toEqual([
    [{ count: '7' }],
    [{ count: '4' }],
    [{ count: '0' }],
  ]);
  expect(await run(sealed)).toEqual([{ second_factors: '0', endpoints: '0' }]);
  expect(await run(history)).not.toEqual([{ count: '0' }]);
  expect([await run(ledger), await run(waiting)]).toEqual([[], []]);
  expect(await run(unknown)).toHaveLength(11);
});

test('the query for the ledger finds a balance that disagrees', async () => {
  await database.query('UPDATE credit_accounts SET balance = balance + 1');
  expect(await database.query(statementsIn('docs/operate.md')[5] ?? '')).toHaveLength(1);
});
