import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Statement } from '../../src/db/client.ts';
import { listLiveEndpoints, replayRows } from '../../src/outbound/endpoint-queries.ts';
import { findDeliveryRow, listDeliveryRows, listEventRows } from '../../src/outbound/log-queries.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startPlanner, type Planner } from '../support/plans.ts';
import { migratedTemplate } from '../support/template.ts';

let database: TestDatabase;
let planner: Planner;
const endpointId = randomUUID();
let deliveryId: string;

/** A hundred thousand events, a second apart, for three endpoints; few of a kind, few that were not taken. */
beforeAll(async () => {
  database = await createTestDatabase({ template: migratedTemplate });
  const run = (sql: string, parameters: readonly unknown[] = []) =>
    database.query<{ id: string }>(sql, parameters);
  await run("insert into customers (issuer, subject) values ('test', 'rare')");
  await run(
    `insert into event_endpoints (id, url, event_types, format, sealed_secret, created_by)
     select id, 'https://hooks.shop.test/', '{*}', 'standard', 'sealed', 'test'
     from unnest(array[$1::uuid, gen_random_uuid(), gen_random_uuid()]) as id`,
    [endpointId],
  );
  await run(`
    insert into outbound_events (event_type, customer_id, data, occurred_at, created_at)
    select case when number % 10000 = 0 then 'top_up.stopped' else 'credits.granted' end,
      case when number % 10000 = 0 then (select id from customers where subject = 'rare') else gen_random_uuid() end,
      '{"amount": 5}', moment, moment
    from generate_series(1, 100000) as number,
      lateral (select timestamptz '2026-01-01T00:00:00Z' + number * interval '1 second') as at(moment)`);
  await run(`
    insert into event_deliveries (endpoint_id, event_id, event_type, status, attempts, created_at)
    select endpoint.id, event.id, event.event_type,
      case when event.event_type = 'top_up.stopped' then 'dead' else 'delivered' end, 1, event.created_at
    from outbound_events as event cross join event_endpoints as endpoint`);
  await run('analyze');
  const [delivery] = await run('select id from event_deliveries where endpoint_id = $1 limit 1', [
    endpointId,
  ]);
  deliveryId = delivery?.id ?? '';
  planner = await startPlanner(database);
}, 120_000);
afterAll(async () => {
  await planner.stop();
  await database.drop();
});

const all = { since: undefined, until: undefined, before: undefined, limit: 101 };
const time = { since: '2026-01-01T12:00:00Z', until: '2026-01-01T13:00:00Z' };
const before = [Date.parse('2026-01-01T12:00:00Z') * 1000, randomUUID()] as const;
const customer = { named: 'rare', issuer: 'test' };

const lists: Readonly<Record<string, () => Statement>> = {
  'the endpoints': () => listLiveEndpoints(),
  'a delivery': () => findDeliveryRow(endpointId, deliveryId),
  ...Object.fromEntries(
    Object.entries({
      deliveries: {},
      'deliveries by status': { status: 'dead' },
      'deliveries by type': { eventType: 'top_up.stopped' },
      'deliveries by time': time,
      'deliveries behind a page': { before },
      'deliveries behind a page, by status': { status: 'delivered', before },
    }).map(([name, filter]) => [
      name,
      () => listDeliveryRows({ ...all, endpointId, status: undefined, eventType: undefined, ...filter }),
    ]),
  ),
  ...Object.fromEntries(
    Object.entries({
      events: {},
      'events by type': { eventType: 'top_up.stopped' },
      'events by customer': { customer },
      'events by customer and type': { customer, eventType: 'credits.granted' },
      'events by time': time,
      'events behind a page': { before },
    }).map(([name, filter]) => [
      name,
      () => listEventRows({ ...all, eventType: undefined, customer: undefined, ...filter }),
    ]),
  ),
  'how much a minute has to be told again': () =>
    replayRows(endpointId, {
      since: '2026-01-01T12:00:00Z',
      until: '2026-01-01T12:01:00Z',
      eventTypes: undefined,
      only: undefined,
      after: undefined,
      limit: 10_000,
      isDryRun: true,
    }),
};

/** Enough runs for PostgreSQL to plan without looking at the parameters. */
const runs = 7;
/** Of tables of thousands. */
const pagesAtMost = 700;

test.each(Object.keys(lists))('%s: found by an index, however much there is', async (name) => {
  const statement = lists[name];
  if (statement === undefined) throw new Error(`there is no list ${name}`);
  const executions = await planner.plansOf(statement(), runs);
  const scanned = executions.flat().flatMap(({ seqScans }) => seqScans);
  expect(scanned).not.toContain('event_deliveries');
  expect(scanned).not.toContain('outbound_events');
  const pages = Math.min(...executions.map((plans) => plans.at(-1)?.buffers ?? Infinity));
  expect(pages).toBeLessThan(pagesAtMost);
});
