import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { checkVariables } from '../../src/env.ts';
import { expectSoundLedger } from '../support/ledger.ts';
import { sell } from '../support/reversals.ts';
import { balanceOf, booksOf, deliver, inboxRow, processed } from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

const retentionCron = '47 * * * *';

let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker({ stripeDelivers: false, variables: { WEBHOOK_PAYLOAD_DAYS: '30' } });
  await syncToStripe(worker);
});
afterEach(() => expectSoundLedger(worker.database.query));
afterAll(() => worker.stop());

/** An event as it is kept: `ended` days ago, when it has ended; received `received` days ago. */
async function keep(
  status: string,
  { received, ended }: { readonly received: number; readonly ended?: number },
): Promise<string> {
  const id = `evt_${randomUUID().replaceAll('-', '')}`;
  await worker.database.query(
    `insert into webhook_events (event_id, event_type, livemode, stripe_created, payload, status, stripe_customer_id,
       attempts, last_error, next_attempt_at, lease_until, received_at, processed_at)
     values ($1, 'invoice.paid', false, now(), '{"email":"person@example.com"}', $2, 'cus_person', 3, 'code',
       now() + interval '1 year', now() + interval '1 year', now() - make_interval(days => $3),
       now() - make_interval(days => $4))`,
    [id, status, received, ended ?? null],
  );
  return id;
}

async function isCleaned(id: string): Promise<boolean> {
  const [row] = await worker.database.query(
    'select payload, stripe_customer_id from webhook_events where event_id = $1',
    [id],
  );
  if (row === undefined) throw new Error('the event is gone');
  return row['payload'] === null && row['stripe_customer_id'] === null;
}

test('what ended before the configured days loses its payload, and nothing else does', async () => {
  const cases: readonly (readonly [boolean, string])[] = await Promise.all(
    [
      [true, keep('processed', { received: 40, ended: 31 })] as const,
      [true, keep('ignored', { received: 31 })] as const,
      [true, keep('ignored', { received: 40, ended: 31 })] as const,
      [false, keep('processed', { received: 40, ended: 29 })] as const,
      [false, keep('processed', { received: 29, ended: 29 })] as const,
      [false, keep('ignored', { received: 29 })] as const,
      [false, keep('failed', { received: 400 })] as const,
      [false, keep('dead', { received: 400 })] as const,
      [false, keep('pending', { received: 400 })] as const,
      [false, keep('processing', { received: 400 })] as const,
    ].map(async ([isOver, id]) => [isOver, await id] as const),
  );
  await worker.scheduled(retentionCron);
  expect(await Promise.all(cases.map(([, id]) => isCleaned(id)))).toEqual(cases.map(([isOver]) => isOver));
  const [[, first = ''] = []] = cases;
  const [row] = await worker.database.query('select * from webhook_events where event_id = $1', [first]);
  expect(row).toMatchObject({ event_type: 'invoice.paid', status: 'processed', attempts: 3 });
  expect(JSON.stringify(row)).not.toMatch(/person/);
  await worker.database.query("delete from webhook_events where stripe_customer_id = 'cus_person'");
});

test('more than one statement takes are all cleaned', async () => {
  await worker.database.query(
    `insert into webhook_events (event_id, event_type, livemode, stripe_created, payload, status, received_at)
     select 'evt_many' || n, 'invoice.paid', false, now(), '{}', 'ignored', now() - interval '31 days'
     from generate_series(1, 2500) as n`,
  );
  await worker.scheduled(retentionCron);
  expect(
    await worker.database.query(
      "select count(*)::int as left from webhook_events where event_id like 'evt_many%' and payload is not null",
    ),
  ).toEqual([{ left: 0 }]);
});

test('time is the business’s, and an event that comes again after its payload is gone has no second effect', async () => {
  const { buyer, arrival } = await sell(worker, { package: 'credits_500' });
  await deliver(worker, arrival);
  await processed(worker);
  const before = await booksOf(worker, buyer);
  await worker.advance(new Date((await worker.now()).getTime() + 31 * 86_400_000));
  await worker.scheduled(retentionCron);
  expect(await inboxRow(worker, arrival['id'])).toMatchObject({ status: 'processed', payload: null });
  expect((await deliver(worker, arrival)).json).toMatchObject({ duplicate: true });
  await worker.scheduled();
  await processed(worker);
  expect(await inboxRow(worker, arrival['id'])).toMatchObject({ status: 'processed', payload: null });
  expect(await booksOf(worker, buyer)).toEqual(before);
  expect(await balanceOf(worker, buyer)).toBe(500);
  const { status } = await worker.request(`/admin/customers/${buyer.subject}`, {
    token: await worker.token('viewer'),
  });
  expect(status).toBe(200);
});

test('old figures go; what was found, and where the next look begins, stays', async () => {
  const { query } = worker.database;
  await query('delete from gap_checks');
  await query(`insert into gap_checks (window_since, window_until, stored, updated_at, finished_at)
    select now(), now(), stored, now() - interval '8 days', now() - interval '8 days'
    from unnest('{0,3,0}'::int[]) as stored`);
  await query(`insert into webhook_rejections values
    (now() - interval '91 days', 'invalid_signature', 1), (now(), 'invalid_signature', 2)`);
  await worker.scheduled(retentionCron);
  expect(await query('select stored from gap_checks order by id')).toEqual([{ stored: 3 }, { stored: 0 }]);
  expect(await query('select count::int from webhook_rejections')).toEqual([{ count: 2 }]);
});

test.each(['0', '-1', '1.5', 'never', '1e3', '10000'])('%s days are refused', (days) => {
  const result = checkVariables({ WEBHOOK_PAYLOAD_DAYS: days });
  const problems = result.ok ? [] : result.problems;
  expect(problems).toContainEqual({
    variable: 'WEBHOOK_PAYLOAD_DAYS',
    reason: 'must be a number of whole days, from 1 to 9999',
  });
});
