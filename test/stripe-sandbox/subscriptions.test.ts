import type Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import type { StripeSandboxOptions } from '../../dev/stripe-sandbox/index.ts';
import { priceOf, refusal, sandbox } from './support.ts';

const START = at('2027-01-31T10:00:00Z');

const DAY = 86_400;
const HOUR = 3600;

function at(iso: string): number {
  return Date.parse(iso) / 1000;
}

/** A sandbox whose time the test sets, and a customer who pays with a card. */
async function stage(options: StripeSandboxOptions = {}) {
  let seconds = START;
  const { sandbox: started, stripe } = await sandbox({ now: () => new Date(seconds * 1000), ...options });
  const { id: customer } = await stripe.customers.create({ email: 'jenny@example.com', name: 'Jenny' });
  const { id: card } = await stripe.paymentMethods.attach('pm_card_visa', { customer });
  let seen = 0;
  const told = async (): Promise<Stripe.Event[]> => {
    const all: Stripe.Event[] = [];
    for await (const event of stripe.events.list({ limit: 100 })) all.push(event);
    const fresh = all.toReversed().slice(seen);
    seen = all.length;
    return fresh;
  };
  return {
    stripe,
    sandbox: started,
    customer,
    card,
    /** Lets time pass up to an instant. */
    async until(instant: number) {
      seconds = instant;
      await stripe.products.list();
    },
    /** The events since this was asked the last time. */
    told,
    /** From now on the customer's subscriptions are paid with another of Stripe's test cards. */
    async payWith(subscription: string, testCard: string) {
      const method = await stripe.paymentMethods.attach(testCard, { customer });
      await stripe.subscriptions.update(subscription, { default_payment_method: method.id });
      await told();
      return method.id;
    },
  };
}

const typesOf = (events: readonly Stripe.Event[]): string[] => events.map(({ type }) => type);

const amountsOf = (invoice: Stripe.Invoice | undefined) => invoice?.lines.data.map(({ amount }) => amount);

/** A customer who pays £24.90 a month since 1 March 2027, 00:00, for a price named Professional. */
async function subscribed(options: StripeSandboxOptions = {}) {
  const set = await stage(options);
  await set.until(MARCH);
  const price = await priceOf(set.stripe, 2490, 'month');
  const subscription = await set.stripe.subscriptions.create({
    customer: set.customer,
    default_payment_method: set.card,
    items: [{ price: price.id }],
  });
  const [item] = subscription.items.data;
  if (!item) throw new Error('The subscription has no item.');
  await set.told();
  return { ...set, price, id: subscription.id, item: item.id, firstInvoice: subscription.latest_invoice };
}

const MARCH = at('2027-03-01T00:00:00Z');
const APRIL = at('2027-04-01T00:00:00Z');
/** A quarter of March has passed, and ten seconds. */
const LATER = at('2027-03-08T18:00:10Z');

async function pricedAt(stripe: Stripe, unit_amount: number, interval: 'month' | 'year', name: string) {
  const product = await stripe.products.create({ name });
  return stripe.prices.create({ product: product.id, currency: 'gbp', unit_amount, recurring: { interval } });
}

describe('a new subscription', () => {
  test('bills its first period at once', async () => {
    const { stripe, customer, card, told } = await stage();
    const price = await priceOf(stripe, 2490, 'month');
    await told();
    const subscription = await stripe.subscriptions.create({
      customer,
      default_payment_method: card,
      items: [{ price: price.id, quantity: 2 }],
      expand: ['latest_invoice'],
    });
    expect(subscription).toMatchObject({ status: 'active', billing_cycle_anchor: START });
    expect(subscription.items.data[0]).toMatchObject({
      current_period_start: START,
      current_period_end: at('2027-02-28T10:00:00Z'),
    });
    expect(typesOf(await told())).toEqual([
      'customer.subscription.created',
      'invoice.created',
      'customer.updated',
      'payment_intent.created',
      'invoice.finalized',
      'charge.succeeded',
      'payment_intent.succeeded',
      'invoice_payment.paid',
      'invoice.updated',
      'invoice.paid',
      'invoice.payment_succeeded',
      'customer.subscription.updated',
    ]);
  });

  test('renews on the day of its anchor, also after a shorter month', async () => {
    const { stripe, customer, card, told, until } = await stage();
    const price = await priceOf(stripe, 2490, 'month');
    const { id } = await stripe.subscriptions.create({
      customer,
      default_payment_method: card,
      items: [{ price: price.id }],
    });
    await told();
    await until(at('2027-02-28T09:59:59Z'));
    expect(typesOf(await told())).toEqual(['invoice.upcoming']);
    await until(at('2027-02-28T10:00:00Z'));
    const [updated, created] = await told();
    expect(updated).toMatchObject({
      type: 'customer.subscription.updated',
      data: {
        object: { status: 'active' },
        previous_attributes: { latest_invoice: expect.stringMatching(/^in_/) },
      },
    });
    expect(created).toMatchObject({
      type: 'invoice.created',
      data: { object: { billing_reason: 'subscription_cycle', status: 'draft', amount_due: 2490 } },
    });
    await until(at('2027-02-28T11:00:00Z'));
    expect(typesOf(await told())).toEqual([
      'payment_intent.created',
      'invoice.finalized',
      'charge.succeeded',
      'payment_intent.succeeded',
      'invoice_payment.paid',
      'invoice.updated',
      'invoice.paid',
      'invoice.payment_succeeded',
    ]);
    await until(at('2027-05-01T00:00:00Z'));
    const { data } = await stripe.invoices.list({ subscription: id });
    expect(data.map(({ lines }) => lines.data[0]?.period.start)).toEqual([
      at('2027-04-30T10:00:00Z'),
      at('2027-03-31T10:00:00Z'),
      at('2027-02-28T10:00:00Z'),
      START,
    ]);
  });
});

describe('a first invoice that is not paid', () => {
  test('leaves the subscription incomplete for 23 hours, then void', async () => {
    const { stripe, customer, told, until } = await stage();
    const price = await priceOf(stripe, 2490, 'month');
    const bad = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer });
    await told();
    const subscription = await stripe.subscriptions.create({
      customer,
      default_payment_method: bad.id,
      items: [{ price: price.id }],
      expand: ['latest_invoice'],
    });
    expect(subscription).toMatchObject({ status: 'incomplete', latest_invoice: { status: 'open' } });
    expect(typesOf(await told())).toEqual([
      'customer.subscription.created',
      'invoice.created',
      'customer.updated',
      'payment_intent.created',
      'invoice.finalized',
      'charge.failed',
      'payment_intent.payment_failed',
      'invoice.updated',
      'invoice.payment_failed',
    ]);
    await refusal(stripe.subscriptions.update(subscription.id, { items: [{ price: price.id }] }));
    await until(START + 23 * HOUR - 1);
    expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({ status: 'incomplete' });
    await until(START + 23 * HOUR);
    expect(
      await stripe.subscriptions.retrieve(subscription.id, { expand: ['latest_invoice'] }),
    ).toMatchObject({ status: 'incomplete_expired', latest_invoice: { status: 'void' } });
    expect(typesOf(await told())).toEqual([
      'payment_intent.canceled',
      'invoice.updated',
      'invoice.voided',
      'customer.subscription.updated',
    ]);
    await until(START + 90 * DAY);
    expect(await told()).toEqual([]);
  });

  test('is no subscription with error_if_incomplete', async () => {
    const { stripe, customer, told } = await stage();
    const price = await priceOf(stripe, 2490, 'month');
    const bad = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer });
    await told();
    const error = await refusal(
      stripe.subscriptions.create({
        customer,
        default_payment_method: bad.id,
        items: [{ price: price.id }],
        payment_behavior: 'error_if_incomplete',
      }),
    );
    expect(error).toMatchObject({ statusCode: 402, code: 'card_declined', type: 'StripeCardError' });
    expect(await told()).toEqual([]);
    expect((await stripe.subscriptions.list({ status: 'all' })).data).toEqual([]);
  });

  test('waits for somebody to pay it with default_incomplete', async () => {
    const { stripe, customer, card } = await stage();
    const price = await priceOf(stripe, 2490, 'month');
    const { id, status, latest_invoice } = await stripe.subscriptions.create({
      customer,
      items: [{ price: price.id }],
      payment_behavior: 'default_incomplete',
      payment_settings: { save_default_payment_method: 'on_subscription' },
    });
    expect(status).toBe('incomplete');
    await stripe.invoices.pay(String(latest_invoice), { payment_method: card });
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({
      status: 'active',
      default_payment_method: card,
    });
  });

  test('needs something to pay with, or Stripe refuses', async () => {
    const { stripe } = await stage();
    const price = await priceOf(stripe, 2490, 'month');
    const { id: customer } = await stripe.customers.create({ email: 'poor@example.com' });
    const error = await refusal(stripe.subscriptions.create({ customer, items: [{ price: price.id }] }));
    expect(error).toMatchObject({ statusCode: 400, code: 'resource_missing' });
    expect(error.message).toMatch(/^This customer has no attached payment source/);
    const sent = await stripe.subscriptions.create({
      customer,
      items: [{ price: price.id }],
      collection_method: 'send_invoice',
      days_until_due: 14,
      expand: ['latest_invoice'],
    });
    expect(sent).toMatchObject({ status: 'active', latest_invoice: { status: 'draft' } });
  });
});

describe('what cannot be subscribed to is refused as Stripe does', () => {
  test.each([
    ['a price that is billed once', { interval: undefined }, /type=one_time/],
    ['another rhythm', { interval: 'year' as const }, /same `recurring.interval`/],
    ['another currency', { interval: 'month' as const, currency: 'usd' }, /only supports `usd`/],
  ])('%s', async (_name, { interval, ...given }, message) => {
    const { stripe, customer, card } = await stage();
    const monthly = await priceOf(stripe, 100, 'month');
    const other = await stripe.prices.create({
      currency: 'gbp',
      product: String(monthly.product),
      unit_amount: 100,
      ...(interval && { recurring: { interval } }),
      ...given,
    });
    const error = await refusal(
      stripe.subscriptions.create({
        customer,
        default_payment_method: card,
        items: [{ price: monthly.id }, { price: other.id }],
      }),
    );
    expect(error).toMatchObject({ statusCode: 400, message: expect.stringMatching(message) });
  });

  test("another customer's card, and what the sandbox does not play", async () => {
    const { stripe, card } = await stage();
    const price = await priceOf(stripe, 100, 'month');
    const { id: customer } = await stripe.customers.create({});
    const items = [{ price: price.id }];
    expect(
      await refusal(stripe.subscriptions.create({ customer, items, default_payment_method: card })),
    ).toMatchObject({ code: 'resource_missing', param: 'default_payment_method' });
    expect(
      await refusal(stripe.subscriptions.create({ customer, items, billing_mode: { type: 'classic' } })),
    ).toMatchObject({ param: 'billing_mode' });
    expect(
      await refusal(stripe.subscriptions.create({ customer, items, backdate_start_date: START - DAY })),
    ).toMatchObject({ param: 'backdate_start_date' });
  });
});

test('a later anchor makes the first period shorter, and its price', async () => {
  const { stripe, customer, card, until } = await stage();
  const price = await priceOf(stripe, 3100, 'month');
  await until(at('2027-03-22T00:00:00Z'));
  const subscription = await stripe.subscriptions.create({
    customer,
    default_payment_method: card,
    items: [{ price: price.id }],
    billing_cycle_anchor: at('2027-04-01T00:00:00Z'),
    expand: ['latest_invoice'],
  });
  // 10 of 31 days
  expect(subscription).toMatchObject({ status: 'active', latest_invoice: { total: 1000 } });
  await until(at('2027-05-01T00:00:00Z'));
  const { data } = await stripe.invoices.list({ subscription: subscription.id });
  expect(data.map(({ total }) => total)).toEqual([3100, 3100, 1000]);
});

test('a yearly subscription of 29 February renews on the last of February', async () => {
  const { stripe, customer, card, until } = await stage();
  const price = await priceOf(stripe, 24_000, 'year');
  await until(at('2028-02-29T08:00:00Z'));
  const { id } = await stripe.subscriptions.create({
    customer,
    default_payment_method: card,
    items: [{ price: price.id }],
  });
  await until(at('2032-03-01T00:00:00Z'));
  const { data } = await stripe.invoices.list({ subscription: id });
  expect(data.map(({ created }) => new Date(created * 1000).toISOString().slice(0, 10))).toEqual([
    '2032-02-29',
    '2031-02-28',
    '2030-02-28',
    '2029-02-28',
    '2028-02-29',
  ]);
});

describe('a trial', () => {
  async function onTrial(behavior: 'cancel' | 'create_invoice' | 'pause' = 'create_invoice', days = 14) {
    const set = await stage();
    const price = await priceOf(set.stripe, 2490, 'month');
    await set.told();
    const subscription = await set.stripe.subscriptions.create({
      customer: set.customer,
      items: [{ price: price.id }],
      trial_period_days: days,
      trial_settings: { end_behavior: { missing_payment_method: behavior } },
      expand: ['latest_invoice'],
    });
    return { ...set, subscription, id: subscription.id, end: START + days * DAY };
  }

  test('begins with an invoice of nothing, and is billed when it ends', async () => {
    const { stripe, subscription, id, card, end, told, until } = await onTrial();
    expect(subscription).toMatchObject({
      status: 'trialing',
      trial_start: START,
      trial_end: end,
      billing_cycle_anchor: end,
      latest_invoice: { status: 'paid', total: 0, billing_reason: 'subscription_create' },
      items: { data: [{ current_period_start: START, current_period_end: end }] },
    });
    expect(typesOf(await told())).toEqual([
      'customer.subscription.created',
      'invoice.created',
      'customer.updated',
      'invoice.finalized',
      'invoice.updated',
      'invoice.paid',
      'invoice.payment_succeeded',
    ]);
    await stripe.subscriptions.update(id, { default_payment_method: card });
    await told();
    await until(end - 3 * DAY);
    expect(typesOf(await told())).toEqual(['customer.subscription.trial_will_end', 'invoice.upcoming']);
    await until(end);
    const events = await told();
    expect(typesOf(events)).toEqual(['customer.subscription.updated', 'invoice.created']);
    expect(events[0]?.data).toMatchObject({
      object: { status: 'active' },
      previous_attributes: { status: 'trialing' },
    });
    expect(events[1]?.data.object).toMatchObject({ billing_reason: 'subscription_cycle', total: 2490 });
    await until(end + HOUR);
    expect(await stripe.subscriptions.retrieve(id, { expand: ['latest_invoice'] })).toMatchObject({
      status: 'active',
      latest_invoice: { status: 'paid' },
    });
  });

  test('that is shorter than three days is told to end at once', async () => {
    const { told } = await onTrial('create_invoice', 2);
    expect(typesOf(await told()).slice(0, 2)).toEqual([
      'customer.subscription.created',
      'customer.subscription.trial_will_end',
    ]);
  });

  test('without a card leads to past_due, cancels or pauses, as its settings say', async () => {
    const invoiced = await onTrial('create_invoice');
    await invoiced.until(invoiced.end + HOUR);
    expect(await invoiced.stripe.subscriptions.retrieve(invoiced.id)).toMatchObject({ status: 'past_due' });
    const canceled = await onTrial('cancel');
    await canceled.until(canceled.end);
    expect(typesOf(await canceled.told()).at(-1)).toBe('customer.subscription.deleted');
    const paused = await onTrial('pause');
    await paused.until(paused.end);
    const events = await paused.told();
    expect(typesOf(events).slice(-2)).toEqual([
      'customer.subscription.updated',
      'customer.subscription.paused',
    ]);
    expect(events.at(-1)?.data.object).toMatchObject({
      status: 'paused',
      status_details: { paused: { subscription: { type: 'trial_end_without_payment_method' } } },
    });
  });

  test('can be ended now, or last longer', async () => {
    const { stripe, id, card, told } = await onTrial();
    await stripe.subscriptions.update(id, { default_payment_method: card });
    await told();
    const longer = await stripe.subscriptions.update(id, { trial_end: START + 30 * DAY });
    expect(longer).toMatchObject({
      status: 'trialing',
      trial_end: START + 30 * DAY,
      billing_cycle_anchor: START + 30 * DAY,
      items: { data: [{ current_period_start: START, current_period_end: START + 30 * DAY }] },
    });
    expect(typesOf(await told())).toEqual(['customer.subscription.updated']);
    const ended = await stripe.subscriptions.update(id, { trial_end: 'now', expand: ['latest_invoice'] });
    expect(ended).toMatchObject({
      status: 'active',
      trial_end: START,
      billing_cycle_anchor: START,
      latest_invoice: { status: 'paid', total: 2490, billing_reason: 'subscription_update' },
    });
    expect(typesOf(await told()).slice(0, 3)).toEqual([
      'customer.subscription.updated',
      'customer.subscription.trial_will_end',
      'invoice.created',
    ]);
  });
});

describe('a change of the price', () => {
  /** Of 31 days = 2 678 400 s there are 2 008 790 s left. */
  const LEFT = 2_008_790 / 2_678_400;
  const CREDIT = -Math.round(2490 * LEFT);
  const DEBIT = Math.round(9900 * LEFT);

  test('is prorated to the second by items that wait for the renewal', async () => {
    const { stripe, id, item, firstInvoice, told, until } = await subscribed();
    const business = await pricedAt(stripe, 9900, 'month', 'Business');
    await until(LATER);
    await told();
    const changed = await stripe.subscriptions.update(id, { items: [{ id: item, price: business.id }] });
    expect(changed.items.data[0]).toMatchObject({
      id: item,
      price: { id: business.id },
      current_period_start: MARCH,
      current_period_end: APRIL,
    });
    const events = await told();
    expect(typesOf(events)).toEqual([
      'invoiceitem.created',
      'invoiceitem.created',
      'customer.subscription.updated',
    ]);
    expect(events[2]?.data.previous_attributes).toMatchObject({ items: { data: [{ id: item }] } });
    const { data: pending } = await stripe.invoiceItems.list({ pending: true });
    expect(pending).toMatchObject([
      {
        amount: DEBIT,
        description: 'Remaining time on Business after 08 Mar 2027',
        period: { start: LATER, end: APRIL },
        proration: true,
      },
      {
        amount: CREDIT,
        description: 'Unused time on Professional after 08 Mar 2027',
        proration_details: {
          credited_items: { invoice_line_item_details: { invoice: firstInvoice } },
        },
      },
    ]);
    const preview = await stripe.invoices.createPreview({ subscription: id });
    await until(APRIL);
    const [renewal] = (await stripe.invoices.list({ subscription: id, limit: 1 })).data;
    expect(renewal).toMatchObject({ total: 9900 + CREDIT + DEBIT, billing_reason: 'subscription_cycle' });
    expect(amountsOf(renewal)).toEqual([DEBIT, CREDIT, 9900]);
    expect(amountsOf(preview)).toEqual(amountsOf(renewal));
  });
});
