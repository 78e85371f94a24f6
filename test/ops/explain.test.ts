import { afterAll, beforeAll, expect, test } from 'vitest';
import { evaluateConditions } from '../../src/ops/alert-queries.ts';
import { findSamples } from '../../src/ops/metric-queries.ts';
import { findOperationalState } from '../../src/ops/queries.ts';
import { alertsOf, evaluated } from '../support/alerts.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { fillInbox } from '../support/large-inbox.ts';
import { startPlanner, type Planner } from '../support/plans.ts';
import { migratedTemplate } from '../support/template.ts';

let database: TestDatabase;
let planner: Planner;

beforeAll(async () => {
  database = await createTestDatabase({ template: migratedTemplate });
  await fillInbox(database);
  planner = await startPlanner(database);
}, 240_000);
afterAll(async () => {
  await planner.stop();
  await database.drop();
});

/** Enough runs for PostgreSQL to plan without looking at the parameters. */
const runs = 7;

test('with a million events in the inbox, of which thousands wait, a look at what is wrong stays small', async () => {
  const [size] = await database.query<{ pages: number }>(
    "select relpages as pages from pg_class where relname = 'webhook_events'",
  );
  expect(size?.pages).toBeGreaterThan(10_000);
  for (const [statement, pagesAtMost] of [
    // The thousand that are counted, of what is due and of what is dead, and a streak of each type and of all.
    [evaluateConditions(5), 5000],
    [findOperationalState(), 50],
    // Of the million, what waits and what is dead is counted.
    [findSamples(), 5000],
  ] as const) {
    const executions = await planner.plansOf(statement, runs);
    const large = /^webhook_(events|attempts)$/;
    expect(executions.flat().filter(({ seqScans }) => seqScans.some((table) => large.test(table)))).toEqual(
      [],
    );
    expect(Math.min(...executions.map((plans) => plans.at(-1)?.buffers ?? Infinity))).toBeLessThan(
      pagesAtMost,
    );
  }
});

test('an outage of all types opens one alert for each of them, and one for all', async () => {
  await evaluated(database.query);
  expect(await alertsOf(database.query)).toEqual([
    'backlog_age open',
    'consecutive_failures all open',
    'consecutive_failures charge.refunded open',
    'consecutive_failures customer.subscription.updated open',
    'consecutive_failures invoice.paid open',
    'consecutive_failures refund.created open',
    'dead_events open',
  ]);
});
