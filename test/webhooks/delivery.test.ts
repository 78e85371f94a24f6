import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { expectSoundLedger } from '../support/ledger.ts';
import {
  balanceOf,
  buy,
  deliver,
  eventAbout,
  inboxRow,
  makeDue,
  newBuyer,
  pay,
  processed,
  type Buyer,
} from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker({ stripeDelivers: false });
  await syncToStripe(worker);
});
afterEach(() => {
  worker.gateway.setFault(undefined);
  worker.stripe.setFault(undefined);
});
afterAll(async () => {
  await expectSoundLedger(worker.database.query);
  await worker.stop();
});

type Event = Readonly<Record<string, unknown>>;

/** A package that the buyer has paid, and the event that tells of it. */
async function paid(buyer: Buyer): Promise<Event> {
  const { checkoutUrl, sessionId } = await buy(worker, buyer, { package: 'credits_500' });
  await pay(checkoutUrl);
  return eventAbout(worker, 'checkout.session.completed', sessionId);
}

async function paidTimes(buyer: Buyer, count: number): Promise<readonly Event[]> {
  const events: Event[] = [];
  for (let index = 0; index < count; index += 1) events.push(await paid(buyer));
  return events;
}

async function statusOf(event: Event): Promise<string | undefined> {
  return (await inboxRow(worker, event['id']))?.status;
}

/** Holds the next commit of an event's effects back until it is released. */
function holdNextCommit() {
  const released = Promise.withResolvers<void>();
  let held = false;
  worker.gateway.setFault(({ queries }) => {
    if (held || !queries.some((query) => query.includes('complete_webhook_event'))) return 'none';
    held = true;
    return { delayUntil: released.promise };
  });
  return { isHeld: () => held, release: () => released.resolve() };
}

describe('events of one customer', () => {
  test('wait for each other, and not for those of others', async () => {
    const [one, other] = [await newBuyer(worker), await newBuyer(worker)];
    const [first = {}, second = {}] = await paidTimes(one, 2);
    const elsewhere = await paid(other);
    const { isHeld, release } = holdNextCommit();
    await deliver(worker, first);
    await eventually('the first one is about to be committed', isHeld);
    await deliver(worker, second);
    await deliver(worker, elsewhere);
    await worker.scheduled();
    const statuses = [await statusOf(first), await statusOf(second), await statusOf(elsewhere)];
    expect(statuses).toEqual(['processing', 'pending', 'processed']);
    release();
    await processed(worker);
    expect([await statusOf(first), await statusOf(second)]).toEqual(['processed', 'processed']);
    expect(await balanceOf(worker, one)).toBe(1000);
  });

  test('are never at work at the same time, in a storm of 60 of them; those of others are', async () => {
    const buyers = await Promise.all(Array.from({ length: 12 }, () => newBuyer(worker)));
    const events = (await Promise.all(buyers.map((buyer) => paidTimes(buyer, 5)))).flat();
    const ids = events.map(({ id }) => id);
    await Promise.all(events.map((event) => deliver(worker, event)));
    await processed(worker);
    const overlaps = (sameCustomer: boolean) =>
      worker.database.query(
        `select 1 from webhook_attempts as a join webhook_events as ea using (event_id)
         join webhook_attempts as b on b.event_id <> a.event_id and b.started_at < a.ended_at and b.ended_at > a.started_at
         join webhook_events as eb on eb.event_id = b.event_id
         where (ea.stripe_customer_id = eb.stripe_customer_id) = $1 and ea.event_id = any ($2) and eb.event_id = any ($2)`,
        [sameCustomer, ids],
      );
    expect(await overlaps(true)).toEqual([]);
    expect((await overlaps(false)).length).toBeGreaterThan(0);
    for (const buyer of buyers) expect(await balanceOf(worker, buyer)).toBe(2500);
  });

  test('come after each other also when a lost worker had one: whoever ends another takes that', async () => {
    const ids = ['evt_ends', 'evt_lost', 'evt_hopeless'];
    await worker.database.query(
      `insert into webhook_events (event_id, event_type, livemode, stripe_created, payload, stripe_customer_id, status,
         attempts, failures, lease_until)
       select id, 'invoice.paid', false, now(), '{}', 'cus_lost', 'processing', 1, failures,
         now() + case id when 'evt_ends' then 1 else -1 end * interval '1 minute'
       from unnest($1::text[], $2::int[]) as given (id, failures)`,
      [ids, [0, 0, 8]],
    );
    const next = await worker.database.connect();
    await next.query('begin');
    await next.query("select end_webhook_attempt('evt_ends', 1, 'ignored', 'test', null, '{}')");
    const { rows } = await next.query(
      "select event_id, attempt from claim_next_webhook_event('evt_ends', 60, 8)",
    );
    await next.query('commit');
    expect(rows).toEqual([{ event_id: 'evt_lost', attempt: 2 }]);
    const left = await worker.database.query(
      'select event_id, status, failures from webhook_events where event_id = any ($1) order by event_id',
      [ids],
    );
    expect(left).toEqual([
      { event_id: 'evt_ends', status: 'ignored', failures: 0 },
      { event_id: 'evt_hopeless', status: 'processing', failures: 8 },
      { event_id: 'evt_lost', status: 'processing', failures: 1 },
    ]);
    await worker.database.query('delete from webhook_events where event_id = any ($1)', [ids]);
  });

  test('are given to one of 20 workers who want one each', async () => {
    for (let round = 0; round < 10; round += 1) {
      const customer = `cus_race${round}`;
      const ids = Array.from({ length: 20 }, (_, index) => `evt_race${round}_${index}`);
      await worker.database.query(
        `insert into webhook_events (event_id, event_type, livemode, stripe_created, payload, stripe_customer_id)
         select id, 'invoice.paid', false, now(), '{}', $2 from unnest($1::text[]) as id`,
        [ids, customer],
      );
      const claims = await Promise.all(
        ids.map((id) =>
          worker.database.query<{ outcome: string }>('select outcome from claim_webhook_event($1, 60, 8)', [
            id,
          ]),
        ),
      );
      const outcomes = claims.map(([claim]) => claim?.outcome);
      expect(outcomes.filter((outcome) => outcome === 'claimed')).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome === 'busy')).toHaveLength(19);
    }
    await worker.database.query("delete from webhook_events where event_id like 'evt_race%'");
  });

  test('that a dead worker left waiting are done once its lease is over', async () => {
    const buyer = await newBuyer(worker);
    const [first = {}, second = {}] = await paidTimes(buyer, 2);
    worker.gateway.setFault(({ queries }) =>
      queries.some((query) => /complete_webhook_event|end_webhook_attempt/.test(query)) ? 'refuse' : 'none',
    );
    await deliver(worker, first);
    await eventually('its worker gave up', () =>
      worker.logs().some((line) => line.includes('webhook_event_left') && line.includes(String(first['id']))),
    );
    worker.gateway.setFault(undefined);
    await deliver(worker, second);
    await worker.scheduled();
    expect([await statusOf(first), await statusOf(second)]).toEqual(['processing', 'pending']);
    await makeDue(worker);
    // Whichever a sweep takes first, the other finds the customer busy; one that was lost is then the next sweep's.
    await eventually('both are done', async () => {
      await worker.scheduled();
      const statuses = [await statusOf(first), await statusOf(second)];
      return statuses.every((status) => status === 'processed');
    });
    expect(await balanceOf(worker, buyer)).toBe(1000);
    const attempts = await worker.database.query(
      'select outcome, error from webhook_attempts where event_id = $1 order by attempt',
      [first['id']],
    );
    expect(attempts).toEqual([
      { outcome: 'lost', error: 'worker_lost' },
      { outcome: 'processed', error: null },
    ]);
  });

  test('of refunds and disputes, which name a payment alone, are theirs as well', async () => {
    const buyer = await newBuyer(worker);
    await deliver(worker, await paid(buyer));
    await processed(worker);
    const [payment] = await worker.database.query<{ intent: string; customer: string }>(
      `select p.stripe_payment_intent_id as intent, c.stripe_customer_id as customer
       from payments as p join customers as c on c.id = p.customer_id where c.subject = $1`,
      [buyer.subject],
    );
    const id = `evt_${randomUUID().replaceAll('-', '')}`;
    const event = {
      id,
      object: 'event',
      type: 'refund.created',
      api_version: '2026-10-28.endive',
      created: Math.floor(Date.now() / 1000),
      livemode: false,
      data: { object: { id: 're_unknown', object: 'refund', payment_intent: payment?.intent } },
    };
    await deliver(worker, event);
    const [row] = await worker.database.query(
      'select stripe_customer_id from webhook_events where event_id = $1',
      [id],
    );
    expect(row).toEqual({ stripe_customer_id: payment?.customer });
    await processed(worker);
  });
});

/** Events about nothing that is known here, long due: of one customer or of nobody in particular. */
async function plantMany(name: string, count: number, customer: string | null): Promise<void> {
  await worker.database.query(
    `insert into webhook_events (event_id, event_type, livemode, stripe_created, payload, stripe_customer_id, next_attempt_at)
     select id, 'invoice.paid', false, now() - interval '1 day' + i * interval '1 second',
       json_build_object('id', id, 'object', 'event', 'type', 'invoice.paid', 'created', 1, 'livemode', false,
         'data', json_build_object('object', json_build_object('id', 'in_unknown'))),
       $3, now() - interval '1 hour' * (case when $3::text is null then 1 else 2 end)
     from generate_series(1, $2::int) as i cross join lateral (select $1 || i as id) as named`,
    [name, count, customer],
  );
}

async function countDone(name: string): Promise<number | undefined> {
  const [row] = await worker.database.query<{ count: number }>(
    "select count(*)::int as count from webhook_events where starts_with(event_id, $1) and status = 'ignored'",
    [name],
  );
  return row?.count;
}

describe('a customer with thousands of events', () => {
  test('keeps the sweep from nobody else, and is gone on with a hundred at a time when no message comes', async () => {
    await worker.restart('dropped');
    await plantMany('evt_crowd', 1500, 'cus_crowd');
    await plantMany('evt_lonely', 1, null);
    await worker.scheduled();
    expect(await countDone('evt_lonely')).toBe(1);
    const done = await countDone('evt_crowd');
    expect(done).toBeGreaterThan(50);
    expect(done).toBeLessThan(150);
    await worker.restart();
    await worker.database.query("delete from webhook_events where event_id like 'evt_crowd%'");
  });

  test('is gone on with by messages once one has come: nobody waits for the next minute', async () => {
    await plantMany('evt_row', 130, 'cus_row');
    await (await worker.queue()).send({ event_id: 'evt_row1' });
    await processed(worker);
    expect(await countDone('evt_row')).toBe(130);
  });
});

describe('a message', () => {
  test('that is lost is made good by the sweep, also for more events than one run does itself', async () => {
    const buyer = await newBuyer(worker);
    const event = await paid(buyer);
    await worker.restart('dropped');
    await deliver(worker, event);
    await worker.scheduled();
    await processed(worker);
    expect(await balanceOf(worker, buyer)).toBe(500);
    await worker.restart();
    const ids = Array.from({ length: 250 }, (_, index) => `evt_lost${index}`);
    await worker.database.query(
      `insert into webhook_events (event_id, event_type, livemode, stripe_created, payload)
       select id, 'invoice.paid', false, now(), json_build_object('id', id, 'object', 'event', 'type', 'invoice.paid',
         'created', 1, 'livemode', false, 'data', json_build_object('object', json_build_object('id', 'in_unknown')))
       from unnest($1::text[]) as id`,
      [ids],
    );
    await worker.scheduled();
    await processed(worker);
    const rows = await worker.database.query(
      "select count(*)::int as count from webhook_events where event_id like 'evt_lost%' and status = 'ignored'",
    );
    expect(rows).toEqual([{ count: 250 }]);
  });

  test('that comes twice, late or for nothing changes nothing', async () => {
    const buyer = await newBuyer(worker);
    const event = await paid(buyer);
    await deliver(worker, event);
    const queue = await worker.queue();
    await queue.sendBatch(Array.from({ length: 20 }, () => ({ body: { event_id: String(event['id']) } })));
    await queue.send({ event_id: 'evt_nobody_knows' });
    await queue.send('no message of ours');
    await processed(worker);
    await queue.send({ event_id: String(event['id']) });
    const next = await paid(buyer);
    await deliver(worker, next);
    await processed(worker);
    expect(await balanceOf(worker, buyer)).toBe(1000);
    expect(await inboxRow(worker, event['id'])).toMatchObject({ status: 'processed', attempts: 1 });
  });

  test('whose event has failed comes again by itself when that is due', async () => {
    const buyer = await newBuyer(worker);
    const event = await paid(buyer);
    worker.stripe.setFault(({ method }) => (method === 'GET' ? { status: 500 } : 'none'));
    await deliver(worker, event);
    await eventually('it has failed', async () => (await statusOf(event)) === 'failed');
    worker.stripe.setFault(undefined);
    // Nothing but the message: no cron trigger runs here.
    await eventually('it is tried again', async () => (await statusOf(event)) === 'processed', 60_000);
    expect(await inboxRow(worker, event['id'])).toMatchObject({ attempts: 2 });
    expect(await balanceOf(worker, buyer)).toBe(500);
  });

  test('that nobody could deal with ends in a queue of its own, and says so; its event does not', async () => {
    const buyer = await newBuyer(worker);
    const event = await paid(buyer);
    await worker.restart('tried-once');
    worker.gateway.setFault(({ queries }) =>
      queries.some((query) => query.includes('claim_webhook_event')) ? 'refuse' : 'none',
    );
    await deliver(worker, event);
    await eventually(
      'the message is dead',
      () => worker.logs().some((line) => line.includes('queue_messages_dead')),
      60_000,
    );
    worker.gateway.setFault(undefined);
    expect(await statusOf(event)).toBe('pending');
    await worker.scheduled();
    await processed(worker);
    expect(await balanceOf(worker, buyer)).toBe(500);
    await worker.restart();
  });
});
