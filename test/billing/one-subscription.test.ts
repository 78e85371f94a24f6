import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type Stripe from 'stripe';
import { eventually } from '../support/eventually.ts';
import { expectSoundLedger } from '../support/ledger.ts';
import {
  balanceOf,
  booksOf,
  buy,
  deliver,
  eventAbout,
  tryAgain,
  newBuyer,
  pay,
  processed,
  settleDebit,
  stripeOf,
  type Buyer,
} from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;
let stripe: Stripe;
let webhook: { url: string };

beforeAll(async () => {
  worker = await startWorker();
  stripe = stripeOf(worker);
  webhook = { url: `${worker.url}/payment/webhook` };
  await syncToStripe(worker);
});
beforeEach(() => worker.stripe.setWebhookEndpoint(webhook));
afterEach(() => {
  worker.gateway.setFault(undefined);
  worker.stripe.setFault(undefined);
});
afterAll(async () => {
  await expectSoundLedger(worker.database.query);
  await worker.stop();
});

const starter = { plan: 'starter_monthly' };
const professional = { plan: 'professional_monthly' };

function checkout(buyer: Buyer, body: unknown, key: string = randomUUID()) {
  return worker.request('/payment/create-checkout', {
    token: buyer.token,
    body,
    headers: { 'Idempotency-Key': key },
  });
}

async function customerOf(buyer: Buyer): Promise<string> {
  const [row] = await worker.database.query(
    'select stripe_customer_id as id from customers where subject = $1',
    [buyer.subject],
  );
  return String(row?.['id']);
}

async function sessionsOf(buyer: Buyer): Promise<readonly Stripe.Checkout.Session[]> {
  const customer = await customerOf(buyer);
  return stripe.checkout.sessions.list({ customer, limit: 100 }).autoPagingToArray({ limit: 1000 });
}

/** Newest first. */
async function subscriptionsOf(buyer: Buyer): Promise<readonly Stripe.Subscription[]> {
  const { data } = await stripe.subscriptions.list({ customer: await customerOf(buyer), status: 'all' });
  return data;
}

async function statusOf(buyer: Buyer) {
  return (await worker.request('/payment/status', { token: buyer.token })).json.payment_status;
}

/** Everything that waits for its next try is done. */
async function allDone(): Promise<void> {
  for (const _round of [1, 2, 3]) {
    await processed(worker);
    await tryAgain(worker);
  }
  await processed(worker);
}

async function subscribe(buyer: Buyer, item = starter): Promise<string> {
  const { checkoutUrl } = await buy(worker, buyer, item);
  await pay(checkoutUrl);
  await allDone();
  const [subscription] = await subscriptionsOf(buyer);
  return subscription?.id ?? '';
}

describe('a second subscription is refused', () => {
  test.each([
    ['active', async () => undefined],
    ['active', async (id: string) => stripe.subscriptions.update(id, { cancel_at_period_end: true })],
    ['paused', async (id: string) => stripe.subscriptions.pause(id, { type: 'subscription' })],
  ])('while there is one that is %s', async (status, change) => {
    const buyer = await newBuyer(worker);
    const id = await subscribe(buyer);
    await change(id);
    await processed(worker);
    const before = (await sessionsOf(buyer)).length;
    const refused = await checkout(buyer, professional);
    expect([refused.status, refused.json.code]).toEqual([409, 'already_subscribed']);
    expect(refused.json.current).toEqual({
      plan: 'starter_monthly',
      plan_name: 'Starter',
      subscription_status: status,
      stripe_subscription_id: id,
    });
    expect(refused.json.detail).toContain('/payment/change-plan');
    expect(await sessionsOf(buyer)).toHaveLength(before);
    expect((await booksOf(worker, buyer)).checkouts).toHaveLength(1);
  });

  test('while there is one that only its completed checkout tells of', async () => {
    const buyer = await newBuyer(worker);
    worker.stripe.setWebhookEndpoint(undefined);
    const first = await buy(worker, buyer, starter);
    await pay(first.checkoutUrl);
    const refused = await checkout(buyer, professional);
    expect([refused.status, refused.json.code]).toEqual([409, 'already_subscribed']);
    expect(refused.json.current).toMatchObject({ plan: 'starter_monthly', subscription_status: 'pending' });
    expect(await sessionsOf(buyer)).toHaveLength(1);
  });

  test('while Stripe says so of one that is known by its payment alone; when it is over there, a new one is sold', async () => {
    const buyer = await newBuyer(worker);
    worker.stripe.setWebhookEndpoint(undefined);
    const first = await buy(worker, buyer, starter);
    await pay(first.checkoutUrl);
    const [subscription] = await subscriptionsOf(buyer);
    const id = subscription?.id ?? '';
    await worker.database.query(
      `update checkouts set status = 'paid', stripe_subscription_id = $2 where stripe_session_id = $1`,
      [first.sessionId, id],
    );
    const refused = await checkout(buyer, professional);
    expect([refused.status, refused.json.current]).toMatchObject([
      409,
      { subscription_status: 'active', stripe_subscription_id: id },
    ]);
    const other = await newBuyer(worker);
    const older = await buy(worker, other, starter);
    await pay(older.checkoutUrl);
    const [ended] = await subscriptionsOf(other);
    await stripe.subscriptions.cancel(ended?.id ?? '');
    await worker.database.query(
      `update checkouts set status = 'paid', stripe_subscription_id = $2 where stripe_session_id = $1`,
      [older.sessionId, ended?.id],
    );
    expect((await checkout(other, professional)).status).toBe(200);
  });

  test('but not after it is over, and packages are sold all the while', async () => {
    const buyer = await newBuyer(worker);
    const id = await subscribe(buyer);
    await buy(worker, buyer, { package: 'credits_500' });
    await stripe.subscriptions.cancel(id);
    await processed(worker);
    expect((await checkout(buyer, professional)).status).toBe(200);
  });
});

describe('two tabs', () => {
  test('the newer page closes the older one', async () => {
    const buyer = await newBuyer(worker);
    const first = await buy(worker, buyer, starter);
    const second = await checkout(buyer, professional);
    expect([second.status, second.databaseCalls]).toEqual([200, 2]);
    const sessions = await sessionsOf(buyer);
    expect(sessions.map(({ id, status }) => [id, status])).toEqual([
      [second.json.session_id, 'open'],
      [first.sessionId, 'expired'],
    ]);
    expect((await booksOf(worker, buyer)).checkouts).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ stripe_session_id: first.sessionId, status: 'expired' }),
        expect.objectContaining({ stripe_session_id: second.json.session_id, status: 'open' }),
      ]),
    );
  });

  test('20 pages at once leave one that can be paid, and nobody has the address of another', async () => {
    const buyer = await newBuyer(worker);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, tab) => checkout(buyer, tab % 2 === 0 ? starter : professional)),
    );
    const refused = answers.filter(({ status }) => status !== 200);
    expect(new Set(refused.map(({ status, json }) => `${status} ${json.code}`))).toEqual(
      new Set(refused.length > 0 ? ['409 checkout_superseded'] : []),
    );
    await processed(worker);
    const open = (await sessionsOf(buyer)).filter(({ status }) => status === 'open');
    expect(open).toHaveLength(1);
    const given = answers.filter(({ status }) => status === 200).map(({ json }) => json.session_id);
    expect(given).toContain(open[0]?.id);
    const { checkouts } = await booksOf(worker, buyer);
    expect(checkouts.filter(({ status }) => status === 'open')).toMatchObject([
      { stripe_session_id: open[0]?.id },
    ]);
    expect(await stripe.customers.list({ email: `${buyer.subject}@example.com` })).toMatchObject({
      data: [{ id: await customerOf(buyer) }],
    });
  });

  test('a request that is repeated after a newer page was opened does not close that one', async () => {
    const buyer = await newBuyer(worker);
    const key = randomUUID();
    worker.gateway.setFault(({ queries }) =>
      queries.some((query) => query.includes('keep_subscription_session')) ? 'rollback' : 'none',
    );
    expect((await checkout(buyer, starter, key)).status).toBe(503);
    worker.gateway.setFault(undefined);
    const second = await checkout(buyer, professional);
    const again = await checkout(buyer, starter, key);
    expect([again.status, again.json.code]).toEqual([409, 'checkout_superseded']);
    const session = await stripe.checkout.sessions.retrieve(second.json.session_id);
    expect(session.status).toBe('open');
  });

  test('a page that cannot be closed because Stripe does not answer: nothing is opened', async () => {
    const buyer = await newBuyer(worker);
    await buy(worker, buyer, starter);
    worker.stripe.setFault(({ path }) => (path.endsWith('/expire') ? { status: 500 } : 'none'));
    expect((await checkout(buyer, professional)).status).toBe(503);
    worker.stripe.setFault(undefined);
    expect(await sessionsOf(buyer)).toHaveLength(1);
    expect((await checkout(buyer, professional)).status).toBe(200);
  });

  test('a page that is still being opened when another one is paid is shown to nobody', async () => {
    const buyer = await newBuyer(worker);
    const released = Promise.withResolvers<void>();
    let held = 0;
    worker.gateway.setFault(({ queries }) => {
      const here = held === 0 && queries.some((query) => query.includes('keep_subscription_session'));
      if (here) held += 1;
      return here ? { delayUntil: released.promise } : 'none';
    });
    const slow = checkout(buyer, professional);
    await eventually('the first page is about to be kept', () => held === 1);
    const { checkoutUrl } = await buy(worker, buyer, starter);
    await pay(checkoutUrl);
    await processed(worker);
    released.resolve();
    const { status, json } = await slow;
    expect([status, json.code]).toEqual([409, 'checkout_superseded']);
    expect((await sessionsOf(buyer)).map((session) => session.status)).toEqual(['complete', 'expired']);
    expect(await subscriptionsOf(buyer)).toHaveLength(1);
  });

  test('the page that is paid closes one that was opened behind our back', async () => {
    const buyer = await newBuyer(worker);
    const first = await buy(worker, buyer, starter);
    const second = await checkout(buyer, professional);
    // The event that the first is closed names the row that is about to stand for another page.
    await processed(worker);
    // As if the request for the second had not known of the first.
    const reopened = await stripe.checkout.sessions.create({
      mode: 'subscription',
      customer: await customerOf(buyer),
      line_items: [{ price: await priceOf(first.sessionId), quantity: 1 }],
      success_url: 'https://shop.test/',
    });
    await worker.database.query(
      "update checkouts set status = 'open', stripe_session_id = $2 where stripe_session_id = $1",
      [first.sessionId, reopened.id],
    );
    await pay(second.json.checkout_url);
    await allDone();
    expect((await stripe.checkout.sessions.retrieve(reopened.id)).status).toBe('expired');
    expect((await booksOf(worker, buyer)).checkouts.map(({ status }) => status).toSorted()).toEqual([
      'expired',
      'paid',
    ]);
  });
});

async function priceOf(sessionId: string): Promise<string> {
  const { data } = await stripe.checkout.sessions.listLineItems(sessionId);
  return data[0]?.price?.id ?? '';
}

describe('two pages that are both paid', () => {
  /** Two open pages, as a crash between two requests may leave them. */
  async function twoPages(fields: Readonly<Record<string, string>> = {}) {
    const buyer = await newBuyer(worker);
    worker.stripe.setWebhookEndpoint(undefined);
    const first = await buy(worker, buyer, starter);
    await worker.database.query(
      "update checkouts set expires_at = now() - interval '1 second' where stripe_session_id = $1",
      [first.sessionId],
    );
    const second = await buy(worker, buyer, professional);
    await pay(first.checkoutUrl);
    await pay(second.checkoutUrl, fields);
    return { buyer, first, second };
  }

  async function expectOnlyFirst(buyer: Buyer) {
    const [later, earlier, ...others] = await subscriptionsOf(buyer);
    expect(others).toEqual([]);
    expect([earlier?.status, later?.status]).toEqual(['active', 'canceled']);
    expect(await statusOf(buyer)).toMatchObject({
      plan: 'starter_monthly',
      subscription_status: 'active',
      stripe_subscription_id: earlier?.id,
      past_due: false,
    });
    expect(await balanceOf(worker, buyer)).toBe(500);
    const charges = await stripe.charges.list({ customer: await customerOf(buyer) });
    expect(charges.data.map(({ amount, amount_refunded }) => [amount, amount_refunded])).toEqual([
      [expect.any(Number), charges.data[0]?.amount],
      [99, 0],
    ]);
    const notices = await worker.database.query(
      `select notice_type, data from customer_notices
       where notice_type like 'subscription.%' and customer_id = (select id from customers where subject = $1)`,
      [buyer.subject],
    );
    expect(notices).toEqual([
      {
        notice_type: 'subscription.duplicate_canceled',
        data: { stripe_subscription_id: later?.id, kept_stripe_subscription_id: earlier?.id },
      },
    ]);
  }

  const eventsOfBoth = async () => {
    const events = await stripe.events.list({ limit: 100 }).autoPagingToArray({ limit: 1000 });
    return events.toReversed().map((event) => JSON.parse(JSON.stringify(event)));
  };
  const about = (events: readonly Record<string, unknown>[], buyer: Buyer, customer: string) =>
    events.filter(
      (event) => JSON.stringify(event).includes(customer) || JSON.stringify(event).includes(buyer.subject),
    );

  test.each([
    ['in their order', (events: readonly Record<string, unknown>[]) => events],
    ['the newest first', (events: readonly Record<string, unknown>[]) => events.toReversed()],
  ])(
    'before any webhook: the first stays, the later is canceled and paid back, events %s',
    async (_name, order) => {
      const { buyer } = await twoPages();
      const customer = await customerOf(buyer);
      for (const event of order(about(await eventsOfBoth(), buyer, customer))) {
        await deliver(worker, event);
        await processed(worker);
      }
      worker.stripe.setWebhookEndpoint(webhook);
      for (const event of about(await eventsOfBoth(), buyer, customer)) await deliver(worker, event);
      await allDone();
      await expectOnlyFirst(buyer);
    },
  );

  test('all events at once, twice', async () => {
    const { buyer } = await twoPages();
    const customer = await customerOf(buyer);
    const events = about(await eventsOfBoth(), buyer, customer);
    const replays = events.map((event) => ({ ...event, id: `evt_${randomUUID().replaceAll('-', '')}` }));
    await Promise.all([...events, ...replays].map((event) => deliver(worker, event)));
    await allDone();
    for (const event of about(await eventsOfBoth(), buyer, customer)) await deliver(worker, event);
    await allDone();
    await expectOnlyFirst(buyer);
    expect(
      (await stripe.refunds.list({ limit: 100 })).data.filter(({ reason }) => reason === 'duplicate').length,
    ).toBeGreaterThan(0);
  });

  test.each([
    ['the decision', (query: string) => query.startsWith('insert into "customer_notices"')],
    ['the end of all', (query: string) => query.includes('complete_webhook_event')],
  ])('a crash at %s: the next try ends the same', async (_name, isPoint) => {
    const { buyer, second } = await twoPages();
    const customer = await customerOf(buyer);
    let met = 0;
    worker.gateway.setFault(({ queries }) => {
      const here = met === 0 && queries.some(isPoint);
      if (here) met += 1;
      return here ? 'rollback' : 'none';
    });
    await deliver(worker, await eventAbout(worker, 'checkout.session.completed', second.sessionId));
    await processed(worker);
    expect(met).toBe(1);
    worker.gateway.setFault(undefined);
    await allDone();
    for (const event of about(await eventsOfBoth(), buyer, customer)) await deliver(worker, event);
    await allDone();
    await expectOnlyFirst(buyer);
  });

  test.each([
    ['canceling', (path: string) => /^\/v1\/subscriptions\/\w+$/.test(path)],
    ['refunding', (path: string) => path === '/v1/refunds'],
  ])('Stripe fails while %s: the next try ends the same', async (_name, isPoint) => {
    const { buyer, second } = await twoPages();
    const customer = await customerOf(buyer);
    worker.stripe.setFault(({ method, path }) =>
      method !== 'GET' && isPoint(path) ? { status: 400 } : 'none',
    );
    await deliver(worker, await eventAbout(worker, 'checkout.session.completed', second.sessionId));
    await processed(worker);
    worker.stripe.setFault(undefined);
    await allDone();
    for (const event of about(await eventsOfBoth(), buyer, customer)) await deliver(worker, event);
    await allDone();
    await expectOnlyFirst(buyer);
  });

  test('the later one by a bank debit, which arrives after the subscription was canceled', async () => {
    const { buyer, second } = await twoPages({ payment_method: 'bacs_debit' });
    const customer = await customerOf(buyer);
    for (const event of about(await eventsOfBoth(), buyer, customer)) await deliver(worker, event);
    await allDone();
    expect((await subscriptionsOf(buyer)).map(({ status }) => status)).toEqual(['canceled', 'active']);
    await settleDebit(worker, second.sessionId, 'succeed');
    for (const event of about(await eventsOfBoth(), buyer, customer)) await deliver(worker, event);
    await allDone();
    for (const event of about(await eventsOfBoth(), buyer, customer)) await deliver(worker, event);
    await allDone();
    await expectOnlyFirst(buyer);
  });
});

describe('an old second subscription', () => {
  test('that fails to be paid, and ends, does not touch the paying one', async () => {
    const buyer = await newBuyer(worker);
    const kept = await subscribe(buyer, professional);
    const before = await statusOf(buyer);
    const books = await booksOf(worker, buyer);
    const { items } = await stripe.subscriptions.retrieve(kept);
    const old = await stripe.subscriptions.create({
      customer: await customerOf(buyer),
      items: [{ price: items.data[0]?.price.id ?? '' }],
      payment_behavior: 'default_incomplete',
    });
    const failing = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', {
      customer: await customerOf(buyer),
    });
    const invoice = String(old.latest_invoice);
    await expect(stripe.invoices.pay(invoice, { payment_method: failing.id })).rejects.toThrow('declined');
    await allDone();
    expect(await statusOf(buyer)).toEqual(before);
    await stripe.subscriptions.cancel(old.id);
    await allDone();
    expect(await statusOf(buyer)).toEqual(before);
    expect(await booksOf(worker, buyer)).toEqual(books);
    const rows = await worker.database.query(
      `select stripe_subscription_id, status from subscriptions
       where customer_id = (select id from customers where subject = $1)`,
      [buyer.subject],
    );
    expect(rows).toEqual(
      expect.arrayContaining([
        { stripe_subscription_id: kept, status: 'active' },
        { stripe_subscription_id: old.id, status: expect.stringMatching(/^(canceled|incomplete_expired)$/) },
      ]),
    );
  });
});
