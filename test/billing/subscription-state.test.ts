import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type Stripe from 'stripe';
import { syncSubscription } from '../../src/billing/sync-subscription.ts';
import { systemClock } from '../../src/core/time.ts';
import { createUsage } from '../../src/core/usage.ts';
import { connect, openDatabase } from '../../src/db/index.ts';
import { createStripeClient, openStripe, type StripeGateway } from '../../src/stripe/index.ts';
import {
  buy,
  deliver,
  inboxRow,
  tryAgain,
  newBuyer,
  pay,
  processed,
  stripeOf,
  type Buyer,
} from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;
let stripe: Stripe;

beforeAll(async () => {
  worker = await startWorker();
  stripe = stripeOf(worker);
  await syncToStripe(worker);
});
/** Stripe's own deliveries are off: each test delivers what it needs, when and as often as it needs it. */
beforeEach(() => worker.stripe.setWebhookEndpoint(undefined));
afterAll(() => worker.stop());

interface Subscriber {
  readonly buyer: Buyer;
  readonly subscriptionId: string;
}

/** A plan that is paid; nothing is delivered yet. */
async function subscribe(plan = 'starter_monthly'): Promise<Subscriber> {
  const buyer = await newBuyer(worker);
  const { checkoutUrl, sessionId } = await buy(worker, buyer, { plan });
  await pay(checkoutUrl);
  const session = await stripe.checkout.sessions.retrieve(sessionId);
  return { buyer, subscriptionId: String(session.subscription) };
}

const newEventId = () => `evt_${randomUUID().replaceAll('-', '')}`;

async function rowOf({ subscriptionId }: Subscriber) {
  const [row] = await worker.database.query('select * from subscriptions where stripe_subscription_id = $1', [
    subscriptionId,
  ]);
  return row;
}

/** What a request of the Worker has, in this process, to let something happen in the middle of it. */
function ownDeps(override: (gateway: StripeGateway) => Partial<StripeGateway> = () => ({})) {
  const { database, gateway } = worker;
  const sdk = createStripeClient({ secretKey: worker.stripe.apiKey, apiBase: worker.stripe.url });
  const opened = openStripe(sdk, createUsage());
  return {
    db: openDatabase(connect({ url: database.url, fetchEndpoint: gateway.url }), createUsage()),
    stripe: { ...opened, ...override(opened) },
    clock: systemClock,
  };
}

/** Stripe's events about a subscription, its invoices and its schedules so far, oldest first, by the types' beginning. */
async function eventsOf(
  { subscriptionId }: Subscriber,
  type = 'customer.subscription.',
): Promise<readonly Record<string, unknown>[]> {
  const events = await stripe.events.list({ limit: 100 }).autoPagingToArray({ limit: 1000 });
  return events
    .filter((event) => event.type.startsWith(type) && JSON.stringify(event).includes(subscriptionId))
    .toReversed()
    .map((event) => JSON.parse(JSON.stringify(event)));
}

async function deliverAll(events: readonly Record<string, unknown>[]): Promise<void> {
  for (const event of events) {
    await deliver(worker, event);
    await processed(worker);
  }
}

/** The latest news of a subscription. */
async function tell(subscriber: Subscriber): Promise<void> {
  await deliverAll((await eventsOf(subscriber)).slice(-1));
}

/** A subscription that is paid, and known. */
async function subscribed(plan?: string): Promise<Subscriber> {
  const subscriber = await subscribe(plan);
  await deliverAll(await eventsOf(subscriber));
  await deliverAll(await eventsOf(subscriber, 'invoice.paid'));
  return subscriber;
}

/** A subscription that somebody made by the API, for a customer who has opened a pay page and left it. */
async function subscribedByApi(
  parameters: Partial<Stripe.SubscriptionCreateParams>,
): Promise<Subscriber & { readonly customer: string }> {
  const buyer = await newBuyer(worker);
  const { sessionId } = await buy(worker, buyer, { plan: 'starter_monthly' });
  const session = await stripe.checkout.sessions.retrieve(sessionId, { expand: ['line_items'] });
  await stripe.checkout.sessions.expire(sessionId);
  const customer = String(session.customer);
  const price = session.line_items?.data[0]?.price?.id ?? '';
  const subscription = await stripe.subscriptions.create({ customer, items: [{ price }], ...parameters });
  return { buyer, subscriptionId: subscription.id, customer };
}

async function press(path: string, fields: Readonly<Record<string, string>> = {}): Promise<void> {
  const url = `${worker.stripe.url}/_sandbox${path}`;
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(fields) });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
}

async function statusOf({ buyer }: Subscriber) {
  const { json, databaseCalls } = await worker.request('/payment/status', { token: buyer.token });
  expect(databaseCalls).toBe(1);
  return json.payment_status;
}

const iso = (seconds: number | null | undefined) =>
  seconds === null || seconds === undefined ? null : new Date(seconds * 1000).toISOString();

/** What Stripe's API says of the subscription now is what the status shows, each member. */
async function expectShown(subscriber: Subscriber, more: Record<string, unknown> = {}) {
  const seen = await stripe.subscriptions.retrieve(subscriber.subscriptionId);
  const [item] = seen.items.data;
  const status = await statusOf(subscriber);
  expect(status).toMatchObject({
    subscription_status: seen.status,
    subscription_started_at: iso(seen.start_date),
    stripe_subscription_id: seen.id,
    price_id: item?.price.id,
    amount: item?.price.unit_amount,
    currency: seen.currency.toUpperCase(),
    interval: item?.price.recurring?.interval,
    quantity: item?.quantity,
    current_period_start: iso(item?.current_period_start),
    current_period_end: iso(item?.current_period_end),
    cancel_at_period_end: seen.cancel_at_period_end,
    cancel_at: iso(seen.cancel_at),
    canceled_at: iso(seen.canceled_at),
    ended_at: iso(seen.ended_at),
    trial_start: iso(seen.trial_start),
    trial_end: iso(seen.trial_end),
    past_due: seen.status === 'past_due',
    paused: seen.pause_collection && {
      behavior: seen.pause_collection.behavior,
      resumes_at: iso(seen.pause_collection.resumes_at),
    },
    ...more,
  });
  return status;
}

describe('the status shows what Stripe’s API says of', () => {
  const starter = { plan: 'starter_monthly', plan_name: 'Starter', has_paid: true };

  test('an active subscription, whose period is paid for', async () => {
    const subscriber = await subscribed();
    const { current_period_end, subscription_ends_at } = await expectShown(subscriber, {
      ...starter,
      subscription_status: 'active',
      next_plan: null,
    });
    expect(subscription_ends_at).toBe(current_period_end);
  });

  test('one that is not paid yet: it is active, and has_paid is not true before the money is known', async () => {
    const subscriber = await subscribe();
    await deliverAll(await eventsOf(subscriber));
    await expectShown(subscriber, { plan: 'starter_monthly', has_paid: false, subscription_ends_at: null });
  });

  test('one that ends with its period, and goes on after all', async () => {
    const subscriber = await subscribed();
    await stripe.subscriptions.update(subscriber.subscriptionId, { cancel_at_period_end: true });
    await tell(subscriber);
    await expectShown(subscriber, { ...starter, cancel_at_period_end: true });
    await stripe.subscriptions.update(subscriber.subscriptionId, { cancel_at_period_end: false });
    await tell(subscriber);
    await expectShown(subscriber, { ...starter, cancel_at_period_end: false, cancel_at: null });
  });

  test('one that was canceled: its plan stays as long as it is paid for', async () => {
    const subscriber = await subscribed();
    const { subscription_ends_at } = await statusOf(subscriber);
    await stripe.subscriptions.cancel(subscriber.subscriptionId);
    await tell(subscriber);
    await expectShown(subscriber, { ...starter, subscription_status: 'canceled', subscription_ends_at });
    await worker.database.query(
      `update payments set period_start = now() - interval '40 days', period_end = now() - interval '10 days'
       where stripe_subscription_id = $1`,
      [subscriber.subscriptionId],
    );
    await expectShown(subscriber, { plan: null, plan_name: null, has_paid: true });
  });

  test('one that was canceled and paid back', async () => {
    const subscriber = await subscribed();
    await stripe.subscriptions.cancel(subscriber.subscriptionId);
    await tell(subscriber);
    await worker.database.query(
      'update payments set refunded_minor = amount_minor where stripe_subscription_id = $1',
      [subscriber.subscriptionId],
    );
    await expectShown(subscriber, { plan: null, subscription_ends_at: null });
  });

  test('a trial, and its end', async () => {
    const subscriber = await subscribedByApi({ trial_period_days: 14 });
    await tell(subscriber);
    const { trial_end } = await expectShown(subscriber, {
      subscription_status: 'trialing',
      plan: 'starter_monthly',
      has_paid: false,
    });
    expect((await statusOf(subscriber)).subscription_ends_at).toBe(trial_end);
    await stripe.paymentMethods
      .attach('pm_card_visa', { customer: subscriber.customer })
      .then(({ id }) =>
        stripe.customers.update(subscriber.customer, { invoice_settings: { default_payment_method: id } }),
      );
    await stripe.subscriptions.update(subscriber.subscriptionId, { trial_end: 'now' });
    await tell(subscriber);
    await expectShown(subscriber, { subscription_status: 'active' });
  });

  test('one that was never paid for', async () => {
    const subscriber = await subscribedByApi({ payment_behavior: 'default_incomplete' });
    await tell(subscriber);
    await expectShown(subscriber, { subscription_status: 'incomplete', plan: null, has_paid: false });
    const { latest_invoice } = await stripe.subscriptions.retrieve(subscriber.subscriptionId);
    await stripe.invoices.voidInvoice(String(latest_invoice));
    await deliverAll(await eventsOf(subscriber, 'invoice.voided'));
    await expectShown(subscriber, { subscription_status: 'incomplete_expired', plan: null });
  });

  test('one whose invoices are not collected for a while', async () => {
    const subscriber = await subscribed();
    const resumesAt = Math.floor(Date.now() / 1000) + 864_000;
    await stripe.subscriptions.update(subscriber.subscriptionId, {
      pause_collection: { behavior: 'keep_as_draft', resumes_at: resumesAt },
    });
    await tell(subscriber);
    await expectShown(subscriber, {
      ...starter,
      paused: { behavior: 'keep_as_draft', resumes_at: iso(resumesAt) },
    });
    await stripe.subscriptions.update(subscriber.subscriptionId, { pause_collection: '' });
    await tell(subscriber);
    await expectShown(subscriber, { ...starter, paused: null });
  });

  test('one that is paused, and resumed', async () => {
    const subscriber = await subscribed();
    await stripe.subscriptions.pause(subscriber.subscriptionId, { type: 'subscription' });
    await deliverAll(await eventsOf(subscriber, 'customer.subscription.paused'));
    await expectShown(subscriber, { subscription_status: 'paused' });
    await stripe.subscriptions.resume(subscriber.subscriptionId);
    await deliverAll(await eventsOf(subscriber, 'customer.subscription.resumed'));
    await expectShown(subscriber, { subscription_status: 'active' });
  });

  test('one that changes its plan at its renewal, and one that does not after all', async () => {
    const subscriber = await subscribed('professional_monthly');
    const [starterPrice] = await worker.database.query(
      `select stripe_price_id from prices join subscription_plans as plan on plan.id = plan_id
       where plan_key = 'starter_monthly' and valid_to is null`,
    );
    const schedule = await stripe.subscriptionSchedules.create({
      from_subscription: subscriber.subscriptionId,
    });
    const [phase] = schedule.phases;
    await stripe.subscriptionSchedules.update(schedule.id, {
      phases: [
        {
          items: phase?.items.map(({ price }) => ({ price: String(price) })) ?? [],
          start_date: phase?.start_date ?? 0,
          end_date: phase?.end_date ?? 0,
        },
        { items: [{ price: String(starterPrice?.['stripe_price_id']) }], duration: { interval: 'month' } },
      ],
    });
    await deliverAll((await eventsOf(subscriber, 'subscription_schedule.')).slice(-1));
    await expectShown(subscriber, {
      plan: 'professional_monthly',
      next_plan: {
        plan: 'starter_monthly',
        plan_name: 'Starter',
        price_id: starterPrice?.['stripe_price_id'],
        amount: 99,
        at: iso(phase?.end_date),
      },
    });
    await stripe.subscriptionSchedules.release(schedule.id);
    await deliverAll((await eventsOf(subscriber, 'subscription_schedule.')).slice(-1));
    await expectShown(subscriber, { plan: 'professional_monthly', next_plan: null });
  });

  test('one whose renewal fails, is tried again, and is given up', async () => {
    const subscriber = await subscribed();
    const { subscription_ends_at } = await statusOf(subscriber);
    const [row] = await worker.database.query(
      `select stripe_customer_id as id from customers where subject = $1`,
      [subscriber.buyer.subject],
    );
    worker.stripe.changeSettings({ afterLastRetry: 'unpaid' });
    await press(`/customers/${String(row?.['id'])}/fail-next`, { times: '20' });
    // Stripe lists the events of 30 days.
    for (const _week of [1, 2, 3, 4, 5]) await press('/time/advance', { by: 'week' });
    await deliverAll((await eventsOf(subscriber, 'invoice.payment_failed')).slice(-1));
    await expectShown(subscriber, {
      ...starter,
      subscription_status: 'past_due',
      past_due: true,
      subscription_ends_at,
    });
    for (const _retry of [1, 2, 3]) await press('/time/advance', { by: 'week' });
    await tell(subscriber);
    await expectShown(subscriber, { subscription_status: 'unpaid', past_due: false });
  });
});

describe('whatever order its events come in', () => {
  const last = { subscription_status: 'active', cancel_at_period_end: true };

  test.each([
    [
      'created (incomplete) after active',
      (events: readonly Record<string, unknown>[]) => [...events, ...events],
    ],
    ['the newest first', (events: readonly Record<string, unknown>[]) => events.toReversed()],
  ])('the end is Stripe’s: %s', async (_name, order) => {
    const subscriber = await subscribedByApi({ payment_behavior: 'default_incomplete' });
    const { latest_invoice } = await stripe.subscriptions.retrieve(subscriber.subscriptionId);
    const card = await stripe.paymentMethods.attach('pm_card_visa', { customer: subscriber.customer });
    await stripe.invoices.pay(String(latest_invoice), { payment_method: card.id });
    await stripe.subscriptions.update(subscriber.subscriptionId, { cancel_at_period_end: true });
    const events = await eventsOf(subscriber);
    const [created] = events;
    expect(created).toMatchObject({
      type: 'customer.subscription.created',
      data: { object: { status: 'incomplete' } },
    });
    await deliverAll(order(events));
    await expectShown(subscriber, last);
  });

  test('an update that comes after the end does not bring it back to life', async () => {
    const subscriber = await subscribe();
    await stripe.subscriptions.update(subscriber.subscriptionId, { metadata: { seen: 'yes' } });
    const updates = await eventsOf(subscriber);
    await stripe.subscriptions.cancel(subscriber.subscriptionId);
    await deliverAll(await eventsOf(subscriber, 'customer.subscription.deleted'));
    await deliverAll(updates);
    await expectShown(subscriber, { subscription_status: 'canceled' });
  });

  test('a payment that failed before the recovery changes nothing after it', async () => {
    const subscriber = await subscribedByApi({ payment_behavior: 'default_incomplete' });
    const { latest_invoice } = await stripe.subscriptions.retrieve(subscriber.subscriptionId);
    const invoice = String(latest_invoice);
    await stripe.paymentMethods
      .attach('pm_card_chargeCustomerFail', { customer: subscriber.customer })
      .then(async ({ id }) =>
        expect(stripe.invoices.pay(invoice, { payment_method: id })).rejects.toThrow('declined'),
      );
    const failed = await eventsOf(subscriber, 'invoice.payment_failed');
    expect(failed).not.toHaveLength(0);
    await stripe.paymentMethods
      .attach('pm_card_visa', { customer: subscriber.customer })
      .then(({ id }) => stripe.invoices.pay(invoice, { payment_method: id }));
    await deliverAll(await eventsOf(subscriber, 'invoice.paid'));
    await deliverAll(failed);
    await expectShown(subscriber, { subscription_status: 'active', has_paid: true });
  });

  test('20 events of one subscription at once leave it as Stripe has it', async () => {
    const subscriber = await subscribe();
    const { subscriptionId } = subscriber;
    const delivered: Promise<unknown>[] = [];
    for (let round = 0; round < 10; round += 1) {
      await stripe.subscriptions.update(subscriptionId, { cancel_at_period_end: round % 2 === 0 });
      const news = (await eventsOf(subscriber)).slice(-2);
      delivered.push(...news.map((event) => deliver(worker, { ...event, id: newEventId() })));
    }
    await stripe.subscriptions.cancel(subscriptionId);
    delivered.push(
      ...(await eventsOf(subscriber, 'customer.subscription.deleted')).map((event) => deliver(worker, event)),
    );
    await Promise.all(delivered);
    await processed(worker);
    await tryAgain(worker);
    await expectShown(subscriber, { subscription_status: 'canceled' });
    const failed = await worker.database.query(
      "select last_error from webhook_events where status = 'failed'",
    );
    expect(failed).toEqual([]);
  });
});

describe('what is not ours', () => {
  test('a subscription to another price is ignored', async () => {
    const product = await stripe.products.create({ name: 'Something else' });
    const price = await stripe.prices.create({
      product: product.id,
      currency: 'gbp',
      unit_amount: 100,
      recurring: { interval: 'month' },
    });
    const subscriber = await subscribedByApi({
      items: [{ price: price.id }],
      payment_behavior: 'default_incomplete',
    });
    const [created] = await eventsOf(subscriber);
    await deliverAll(created === undefined ? [] : [created]);
    expect(await inboxRow(worker, created?.['id'])).toMatchObject({
      status: 'ignored',
      ignored_reason: 'not_ours',
    });
    expect(await rowOf(subscriber)).toBeUndefined();
  });

  test('one of our plans for somebody unknown is kept, and tried again', async () => {
    const stranger = await stripe.customers.create({
      payment_method: 'pm_card_visa',
      invoice_settings: { default_payment_method: 'pm_card_visa' },
    });
    const ours = await subscribe();
    const { items } = await stripe.subscriptions.retrieve(ours.subscriptionId);
    const { id } = await stripe.subscriptions.create({
      customer: stranger.id,
      items: [{ price: items.data[0]?.price.id ?? '' }],
    });
    const [created] = await eventsOf({ ...ours, subscriptionId: id });
    await deliverAll(created === undefined ? [] : [created]);
    expect(await inboxRow(worker, created?.['id'])).toMatchObject({
      status: 'failed',
      last_error: 'customer_unknown',
    });
  });
});

describe('the history', () => {
  test('tells each change once, newest first, page by page, and nobody else’s', async () => {
    const subscriber = await subscribed();
    await stripe.subscriptions.update(subscriber.subscriptionId, { cancel_at_period_end: true });
    await tell(subscriber);
    await tell(subscriber);
    const [last] = (await eventsOf(subscriber)).slice(-1);
    const read = async (query: string, token = subscriber.buyer.token) =>
      (await worker.request(`/payment/status/history${query}`, { token })).json;
    const first = await read('?limit=1');
    const { current_period_end } = await statusOf(subscriber);
    expect(first.history).toEqual([
      {
        id: expect.any(Number),
        stripe_subscription_id: subscriber.subscriptionId,
        event_id: last?.['id'],
        changed_at: expect.any(String),
        changes: {
          cancel_at_period_end: { from: false, to: true },
          cancel_at: { from: null, to: current_period_end },
          canceled_at: { from: null, to: expect.any(String) },
        },
      },
    ]);
    const second = await read(`?limit=1&cursor=${first.next_cursor}`);
    expect(second).toMatchObject({
      next_cursor: null,
      history: [
        {
          changes: {
            status: { from: null, to: 'active' },
            offer: { from: null, to: { plan: 'starter_monthly', amount: 99 } },
            current_period_end: { from: null, to: current_period_end },
          },
        },
      ],
    });
    expect((await read('', (await newBuyer(worker)).token)).history).toEqual([]);
  });
});

describe('what two see at once', () => {
  test('an older view never takes the place of a newer one: it is taken anew', async () => {
    const subscriber = await subscribe();
    const { subscriptionId } = subscriber;
    await syncSubscription(ownDeps(), subscriptionId, null);
    let views = 0;
    const slow = ownDeps((gateway) => ({
      findSubscription: async (id) => {
        const seen = await gateway.findSubscription(id);
        views += 1;
        if (views === 1) {
          await stripe.subscriptions.update(id, { cancel_at_period_end: true });
          await syncSubscription(ownDeps(), id, null);
        }
        return seen;
      },
    }));
    await syncSubscription(slow, subscriptionId, null);
    expect(views).toBe(2);
    expect(await rowOf(subscriber)).toMatchObject({ status: 'active', cancel_at_period_end: true });
  });

  test('a view that somebody else shares is kept at once', async () => {
    const subscriber = await subscribe();
    let views = 0;
    const slow = ownDeps((gateway) => ({
      findSubscription: async (id) => {
        const seen = await gateway.findSubscription(id);
        views += 1;
        await syncSubscription(ownDeps(), id, null);
        return seen;
      },
    }));
    await syncSubscription(slow, subscriber.subscriptionId, null);
    expect(views).toBe(1);
    expect(await rowOf(subscriber)).toMatchObject({ status: 'active', version: 2 });
  });

  test('a subscription that never stops changing is left for later', async () => {
    const { subscriptionId } = await subscribe();
    let views = 0;
    const slow = ownDeps((gateway) => ({
      findSubscription: async (id) => {
        const seen = await gateway.findSubscription(id);
        views += 1;
        await stripe.subscriptions.update(id, { cancel_at_period_end: views % 2 === 1 });
        await syncSubscription(ownDeps(), id, null);
        return seen;
      },
    }));
    await expect(syncSubscription(slow, subscriptionId, null)).rejects.toMatchObject({ code: 'changing' });
    expect(views).toBe(5);
  });
});
