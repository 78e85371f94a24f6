import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Statement } from '../../src/db/client.ts';
import {
  claimDelivery,
  deleteToldEvents,
  dispatchDue,
  endDelivery,
} from '../../src/outbound/delivery-queries.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { startPlanner, type Planner } from '../support/plans.ts';
import { migratedTemplate } from '../support/template.ts';

let database: TestDatabase;
let planner: Planner;
let deliveryId: string;

/** Fifty thousand events that were told, and twenty thousand that wait: rung for already, or for their next try. */
beforeAll(async () => {
  database = await createTestDatabase({ template: migratedTemplate });
  await database.query(
    `insert into event_endpoints (url, event_types, format, sealed_secret, created_by)
     values ('https://hooks.shop.test/', '{*}', 'standard', 'sealed', 'test')`,
  );
  await database.query(
    `insert into outbound_events (event_type, data, occurred_at, created_at)
     select 'credits.granted', '{}', now(), now() - number * interval '1 minute' from generate_series(1, 70000) as number`,
  );
  await database.query(
    `insert into event_deliveries (endpoint_id, event_id, event_type, status, next_attempt_at, rung_at)
     select endpoint.id, event.id, event_type, case when number <= 20000 then 'pending' else 'delivered' end,
       now() + case when number <= 10000 then interval '10 hours' else interval '0' end,
       case when number > 10000 then now() + interval '1 hour' end
     from (select *, row_number() over (order by created_at desc) as number from outbound_events) as event
     cross join event_endpoints as endpoint`,
  );
  await database.query('analyze');
  const [delivery] = await database.query<{ id: string }>(
    "select id from event_deliveries where status = 'delivered' limit 1",
  );
  deliveryId = delivery?.id ?? '';
  await database.query(
    "update event_deliveries set status = 'delivering', attempts = 1, lease_until = now() - interval '1 second' where id = $1",
    [deliveryId],
  );
  planner = await startPlanner(database);
}, 120_000);
afterAll(async () => {
  await planner.stop();
  await database.drop();
});

const statements: Readonly<Record<string, () => Statement>> = {
  'what is due': () => dispatchDue(500),
  'a claim': () => claimDelivery(deliveryId),
  'the end of a try': () =>
    endDelivery({ deliveryId, attempt: 1, statusCode: 204, error: null, waitSeconds: null }),
  'what is to be deleted': () => deleteToldEvents(new Date('2026-01-01'), 1000),
};

/** Enough runs for PostgreSQL to plan without looking at the parameters. */
const runs = 7;
const pagesAtMost = 100;

test.each(Object.keys(statements))('%s: found by an index, however much there is', async (name) => {
  const statement = statements[name];
  if (statement === undefined) throw new Error(`there is no statement ${name}`);
  const executions = await planner.plansOf(statement(), runs);
  const scanned = executions.flat().flatMap(({ seqScans }) => seqScans);
  expect(scanned).not.toContain('event_deliveries');
  expect(scanned).not.toContain('outbound_events');
  const pages = Math.min(...executions.map((plans) => plans.at(-1)?.buffers ?? Infinity));
  expect(pages).toBeLessThan(pagesAtMost);
});
