import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { FaultAction } from '../../dev/neon-gateway/faults.ts';
import { eventually } from '../support/eventually.ts';
import {
  balanceOf,
  booksOf,
  buy,
  deliver,
  eventAbout,
  inboxRow,
  makeDue,
  newBuyer,
  pay,
  processed,
  settleDebit,
  stripeOf,
  tryAgain,
  type Buyer,
} from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;
let webhook: { url: string };

beforeAll(async () => {
  worker = await startWorker();
  webhook = { url: `${worker.url}/payment/webhook` };
  await syncToStripe(worker);
});
/** Stripe's own deliveries are off: each test delivers what it needs, when and as often as it needs it. */
beforeEach(() => worker.stripe.setWebhookEndpoint(undefined));
afterEach(() => {
  worker.gateway.setFault(undefined);
  worker.stripe.setFault(undefined);
});
afterAll(() => worker.stop());

interface Purchase {
  readonly buyer: Buyer;
  readonly sessionId: string;
  readonly event: Record<string, unknown>;
}

/** A package that is paid, and the event that tells of it, not delivered yet. */
async function paidPurchase(item = { package: 'credits_2500' }): Promise<Purchase> {
  const buyer = await newBuyer(worker);
  const { checkoutUrl, sessionId } = await buy(worker, buyer, item);
  await pay(checkoutUrl);
  return { buyer, sessionId, event: await eventAbout(worker, 'checkout.session.completed', sessionId) };
}

async function expectCreditedOnce({ buyer, sessionId, event }: Purchase, attempts?: number): Promise<void> {
  const { lots, transactions, payments, checkouts } = await booksOf(worker, buyer);
  expect(lots).toMatchObject([{ source_ref: sessionId, granted: 2500 }]);
  expect(transactions).toMatchObject([{ sequence: 1, amount: 2500, balance_after: 2500 }]);
  expect(payments).toMatchObject([{ amount_minor: 400 }]);
  expect(checkouts).toMatchObject([{ status: 'paid' }]);
  expect(await balanceOf(worker, buyer)).toBe(2500);
  const row = await inboxRow(worker, event['id']);
  expect(row).toMatchObject({ status: 'processed', last_error: null, customer_id: expect.any(String) });
  if (attempts !== undefined) expect(row?.attempts).toBe(attempts);
}

/** The same news under another id, as when an event is made again. */
function renamed(
  event: Record<string, unknown>,
  members: Record<string, unknown> = {},
): Record<string, unknown> {
  return { ...event, ...members, id: `evt_${randomUUID().replaceAll('-', '')}` };
}

describe('one fact has one effect', () => {
  test('20 parallel deliveries of one event, and one later', async () => {
    const purchase = await paidPurchase();
    const answers = await Promise.all(Array.from({ length: 20 }, () => deliver(worker, purchase.event)));
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(answers.filter(({ json }) => json.duplicate !== true)).toHaveLength(1);
    await processed(worker);
    await deliver(worker, purchase.event);
    await processed(worker);
    await expectCreditedOnce(purchase, 1);
  });

  test('20 events with ids of their own about one session, at once', async () => {
    const purchase = await paidPurchase();
    const replays = Array.from({ length: 20 }, () => renamed(purchase.event));
    await Promise.all([purchase.event, ...replays].map((event) => deliver(worker, event)));
    await processed(worker);
    await expectCreditedOnce(purchase);
    const rows = await Promise.all(replays.map(({ id }) => inboxRow(worker, id)));
    expect(new Set(rows.map((row) => row?.status))).toEqual(new Set(['processed']));
  });

  test('the event again after its row was cleaned up', async () => {
    const purchase = await paidPurchase();
    await deliver(worker, purchase.event);
    await processed(worker);
    await worker.database.query('delete from webhook_events where event_id = $1', [purchase.event['id']]);
    await deliver(worker, purchase.event);
    await processed(worker);
    await expectCreditedOnce(purchase);
  });

  test('completed and async_payment_succeeded of one session', async () => {
    const purchase = await paidPurchase();
    const later = renamed(purchase.event, { type: 'checkout.session.async_payment_succeeded' });
    await Promise.all([deliver(worker, purchase.event), deliver(worker, later)]);
    await processed(worker);
    await expectCreditedOnce(purchase);
  });
});

describe('a bank debit', () => {
  async function debit() {
    const buyer = await newBuyer(worker);
    const { checkoutUrl, sessionId } = await buy(worker, buyer, { package: 'credits_2500' });
    await pay(checkoutUrl, { payment_method: 'bacs_debit' });
    return { buyer, sessionId, event: await eventAbout(worker, 'checkout.session.completed', sessionId) };
  }
  const statusOf = async (buyer: Buyer) => (await booksOf(worker, buyer)).checkouts[0]?.['status'];

  test('grants nothing until the money is there', async () => {
    const purchase = await debit();
    await deliver(worker, purchase.event);
    await processed(worker);
    expect(await balanceOf(worker, purchase.buyer)).toBe(0);
    expect(await statusOf(purchase.buyer)).toBe('processing');
    await settleDebit(worker, purchase.sessionId, 'succeed');
    await deliver(
      worker,
      await eventAbout(worker, 'checkout.session.async_payment_succeeded', purchase.sessionId),
    );
    await processed(worker);
    await expectCreditedOnce(purchase);
  });

  test('that fails closes the checkout, whichever event comes first', async () => {
    for (const order of ['as it was', 'the other way round']) {
      const purchase = await debit();
      await settleDebit(worker, purchase.sessionId, 'fail');
      const failed = await eventAbout(worker, 'checkout.session.async_payment_failed', purchase.sessionId);
      const events = order === 'as it was' ? [purchase.event, failed] : [failed, purchase.event];
      for (const event of events) {
        await deliver(worker, event);
        await processed(worker);
      }
      expect([await statusOf(purchase.buyer), await balanceOf(worker, purchase.buyer)]).toEqual([
        'failed',
        0,
      ]);
    }
  });

  test('whose money is there before the first event is processed is credited at once, and late news changes nothing', async () => {
    const purchase = await debit();
    await settleDebit(worker, purchase.sessionId, 'succeed');
    for (const type of ['completed', 'async_payment_failed', 'expired']) {
      await deliver(worker, renamed(purchase.event, { type: `checkout.session.${type}` }));
      await processed(worker);
    }
    await deliver(worker, purchase.event);
    await processed(worker);
    await expectCreditedOnce(purchase);
  });

  test.each(['completed', 'async_payment_failed', 'expired'])(
    'that was paid is never moved back by a late %s',
    async (type) => {
      const purchase = await debit();
      await worker.database.query("update checkouts set status = 'paid' where stripe_session_id = $1", [
        purchase.sessionId,
      ]);
      const event = renamed(purchase.event, { type: `checkout.session.${type}` });
      await deliver(worker, event);
      await processed(worker);
      expect(await inboxRow(worker, event['id'])).toMatchObject({ status: 'processed' });
      expect(await statusOf(purchase.buyer)).toBe('paid');
    },
  );
});

describe('a session that nobody pays', () => {
  test('expires, and closes its checkout', async () => {
    const buyer = await newBuyer(worker);
    const { sessionId } = await buy(worker, buyer, { package: 'credits_500' });
    await stripeOf(worker).checkout.sessions.expire(sessionId);
    await deliver(worker, await eventAbout(worker, 'checkout.session.expired', sessionId));
    await processed(worker);
    expect((await booksOf(worker, buyer)).checkouts).toMatchObject([{ status: 'expired' }]);
    expect(await balanceOf(worker, buyer)).toBe(0);
  });
});

describe('a crash', () => {
  const points: Record<string, (query: string) => boolean> = {
    'the claim': (query) => query.includes('claim_webhook_event'),
    'the look at our rows': (query) => query.includes('from "checkouts"'),
    'the effects': (query) => query.includes('complete_webhook_event'),
  };
  const faults: readonly FaultAction[] = ['refuse', 'error', 'rollback', 'lose-answer'];
  const cases = Object.keys(points).flatMap((point) =>
    faults.map((fault) => [point, String(fault), fault] as const),
  );

  test.each(cases)('at %s (%s) is made good, once', async (point, _name, fault) => {
    const purchase = await paidPurchase();
    let met = 0;
    worker.gateway.setFault(({ queries }) => {
      const here = met === 0 && queries.some((query) => points[point]?.(query));
      if (here) met += 1;
      return here ? fault : 'none';
    });
    await deliver(worker, purchase.event);
    await eventually('the fault was met', () => met === 1);
    await eventually('the worker gave up or went on', async () => {
      return worker.logs().some((line) => line.includes(String(purchase.event['id'])));
    });
    await eventually('the event is credited', async () => {
      await tryAgain(worker);
      return (await balanceOf(worker, purchase.buyer)) > 0;
    });
    await worker.scheduled();
    await expectCreditedOnce(purchase);
  });

  test('of everything after the claim, failure’s record included, is made good once the lease is over', async () => {
    const purchase = await paidPurchase();
    worker.gateway.setFault(({ queries }) =>
      queries.some((query) => /complete_webhook_event|end_webhook_attempt/.test(query)) ? 'refuse' : 'none',
    );
    await deliver(worker, purchase.event);
    await eventually('the worker gave up', () =>
      worker
        .logs()
        .some((line) => line.includes('webhook_event_left') && line.includes(String(purchase.event['id']))),
    );
    worker.gateway.setFault(undefined);
    await worker.scheduled();
    expect(await inboxRow(worker, purchase.event['id'])).toMatchObject({ status: 'processing', attempts: 1 });
    await tryAgain(worker);
    await expectCreditedOnce(purchase, 2);
  });
});

describe('a lease', () => {
  async function storeQuietly(event: Record<string, unknown>, columns: string): Promise<void> {
    await worker.database.query(
      `insert into webhook_events (event_id, event_type, api_version, livemode, stripe_created, payload, status, attempts, failures, lease_until)
       values ($1, $2, $3, false, now(), $4, ${columns})`,
      [event['id'], event['type'], event['api_version'], JSON.stringify(event)],
    );
  }

  test('of a dead worker runs out, and the event is taken over', async () => {
    const purchase = await paidPurchase();
    await storeQuietly(purchase.event, "'processing', 1, 0, now() - interval '1 second'");
    await worker.scheduled();
    await expectCreditedOnce(purchase, 2);
  });

  test('that holds keeps others away', async () => {
    const purchase = await paidPurchase();
    await storeQuietly(purchase.event, "'processing', 1, 0, now() + interval '1 minute'");
    await worker.scheduled();
    expect(await inboxRow(worker, purchase.event['id'])).toMatchObject({ status: 'processing', attempts: 1 });
    expect(await balanceOf(worker, purchase.buyer)).toBe(0);
    await makeDue(worker);
    await worker.scheduled();
  });

  test('that ends with the ninth worker’s death leaves the event dead, and says so', async () => {
    const purchase = await paidPurchase();
    await storeQuietly(purchase.event, "'processing', 9, 8, now() - interval '1 second'");
    await worker.scheduled();
    expect(await inboxRow(worker, purchase.event['id'])).toMatchObject({
      status: 'dead',
      last_error: 'worker_lost',
    });
    await eventually('the log has the line', () =>
      worker
        .logs()
        .some((line) => line.includes('webhook_event_dead') && line.includes(String(purchase.event['id']))),
    );
  });

  test.each(['succeeds', 'fails'])(
    'that was lost: the slow worker %s after the other one, and changes nothing',
    async (outcome) => {
      const purchase = await paidPurchase();
      const release = Promise.withResolvers<void>();
      let held = 0;
      worker.gateway.setFault(({ queries }) => {
        const isLook = queries.some((query) => query.includes('from "checkouts"'));
        if (!isLook || held > 0) return 'none';
        held += 1;
        return { delayUntil: release.promise };
      });
      await deliver(worker, purchase.event);
      await eventually('the slow worker waits', () => held === 1);
      await makeDue(worker);
      await worker.scheduled();
      await expectCreditedOnce(purchase, 2);
      if (outcome === 'fails') {
        worker.gateway.setFault(({ queries }) =>
          queries.some((query) => query.includes('complete_webhook_event')) ? 'refuse' : 'none',
        );
      }
      release.resolve();
      await eventually('the slow worker has noticed', () =>
        worker
          .logs()
          .some((line) => line.includes('webhook_claim_lost') && line.includes(String(purchase.event['id']))),
      );
      await expectCreditedOnce(purchase, 2);
    },
  );
});

describe('a failure', () => {
  test('of Stripe puts the event off, longer each time, and after the ninth try it is dead', async () => {
    const purchase = await paidPurchase();
    worker.stripe.setFault(({ method }) => (method === 'GET' ? { status: 400 } : 'none'));
    await deliver(worker, purchase.event);
    const delays: number[] = [];
    for (let attempt = 1; attempt <= 9; attempt += 1) {
      await eventually(`attempt ${attempt} has failed`, async () => {
        const row = await inboxRow(worker, purchase.event['id']);
        return row?.attempts === attempt && row.status !== 'processing';
      });
      const [row] = await worker.database.query<{ seconds: number }>(
        `select extract(epoch from next_attempt_at - now())::float8 as seconds from webhook_events
         where event_id = $1 and status = 'failed'`,
        [purchase.event['id']],
      );
      if (row !== undefined) delays.push(row.seconds);
      await makeDue(worker);
      if (attempt < 9) await worker.scheduled();
    }
    const wanted = [10, 30, 120, 600, 3600, 14_400, 43_200, 86_400];
    expect(delays).toHaveLength(wanted.length);
    for (const [index, seconds] of wanted.entries()) {
      expect(Math.abs((delays[index] ?? 0) - seconds)).toBeLessThanOrEqual(seconds * 0.1 + 5);
    }
    expect(await inboxRow(worker, purchase.event['id'])).toMatchObject({ status: 'dead', attempts: 9 });
    worker.stripe.setFault(undefined);
    await worker.scheduled();
    expect(await balanceOf(worker, purchase.buyer)).toBe(0);
  });

  test('of Stripe is over once Stripe answers', async () => {
    const purchase = await paidPurchase();
    worker.stripe.setFault(({ method }) => (method === 'GET' ? { status: 503 } : 'none'));
    await deliver(worker, purchase.event);
    await eventually('the event has failed', async () => {
      return (await inboxRow(worker, purchase.event['id']))?.last_error === 'stripe_unavailable';
    });
    worker.stripe.setFault(undefined);
    await tryAgain(worker);
    await expectCreditedOnce(purchase, 2);
  });
});

describe('what cannot be placed', () => {
  /** A session made without Ratecard, as by a payment link, paid. */
  async function foreignSession(members: Record<string, unknown>): Promise<Record<string, unknown>> {
    const session = await stripeOf(worker).checkout.sessions.create({
      mode: 'payment',
      success_url: 'https://shop.test',
      ...members,
    });
    await pay(session.url ?? '');
    return eventAbout(worker, 'checkout.session.completed', session.id);
  }
  async function priceOf(packageKey: string): Promise<string> {
    const [row] = await worker.database.query<{ stripe_price_id: string }>(
      'select stripe_price_id from prices join credit_packages p on p.id = package_id where package_key = $1',
      [packageKey],
    );
    return row?.stripe_price_id ?? '';
  }

  test('a session that sells something else is ignored', async () => {
    const event = await foreignSession({
      line_items: [
        { quantity: 1, price_data: { currency: 'gbp', unit_amount: 500, product_data: { name: 'Mug' } } },
      ],
    });
    await deliver(worker, event);
    await processed(worker);
    expect(await inboxRow(worker, event['id'])).toMatchObject({
      status: 'ignored',
      ignored_reason: 'not_ours',
    });
  });

  test('our package, bought by nobody we know, fails with a reason and is tried again', async () => {
    const event = await foreignSession({
      line_items: [{ quantity: 1, price: await priceOf('credits_500') }],
    });
    expect((await deliver(worker, event)).status).toBe(200);
    await eventually('the event has failed', async () => {
      const row = await inboxRow(worker, event['id']);
      return row?.status === 'failed' && row.last_error === 'customer_unknown';
    });
  });

  test('our package, bought outside by a customer of ours, is credited as often as it was bought', async () => {
    const buyer = await newBuyer(worker);
    await buy(worker, buyer, { package: 'credits_1000' });
    const [row] = await worker.database.query<{ stripe_customer_id: string }>(
      'select stripe_customer_id from customers where subject = $1',
      [buyer.subject],
    );
    const event = await foreignSession({
      customer: row?.stripe_customer_id,
      metadata: { credits: '999999' },
      line_items: [{ quantity: 3, price: await priceOf('credits_500') }],
    });
    await deliver(worker, event);
    await processed(worker);
    expect(await balanceOf(worker, buyer)).toBe(1500);
    expect((await booksOf(worker, buyer)).payments).toMatchObject([{ amount_minor: 375 }]);
  });

  test('a session of ours that Stripe does not have fails with a reason', async () => {
    const purchase = await paidPurchase();
    const gone = `cs_test_${randomUUID().replaceAll('-', '')}`;
    await worker.database.query('update checkouts set stripe_session_id = $1 where stripe_session_id = $2', [
      gone,
      purchase.sessionId,
    ]);
    const event = renamed(purchase.event, { data: { object: { id: gone, object: 'checkout.session' } } });
    await deliver(worker, event);
    await eventually('the event has failed', async () => {
      return (await inboxRow(worker, event['id']))?.last_error === 'session_missing';
    });
  });

  test('an event about nothing fails with a reason', async () => {
    const purchase = await paidPurchase();
    const event = renamed(purchase.event, { data: { object: { object: 'checkout.session' } } });
    expect((await deliver(worker, event)).status).toBe(200);
    await eventually(
      'the event has failed',
      async () => (await inboxRow(worker, event['id']))?.last_error === 'object_unnamed',
    );
  });
});

test('Stripe’s own deliveries reach the inbox', async () => {
  worker.stripe.setWebhookEndpoint(webhook);
  const buyer = await newBuyer(worker);
  const { checkoutUrl, sessionId } = await buy(worker, buyer, { package: 'credits_2500' });
  await pay(checkoutUrl);
  await processed(worker);
  await expectCreditedOnce({
    buyer,
    sessionId,
    event: await eventAbout(worker, 'checkout.session.completed', sessionId),
  });
});

test('no log line holds an e-mail address, a secret or a token', async () => {
  const logged = worker.logs().join('\n');
  expect(logged).not.toMatch(/@example\.com|whsec_|sk_test_|eyJ/);
});
