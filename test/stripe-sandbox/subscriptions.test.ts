import type Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import type { StripeSandboxOptions } from '../../dev/stripe-sandbox/index.ts';
import { DAY, HOUR, priceOf, refusal, sandbox } from './support.ts';

const START = at('2027-01-31T10:00:00Z');

function at(iso: string): number {
  return Date.parse(iso) / 1000;
}

/** A sandbox whose time the test sets, and a customer who pays with a card. */
async function stage(options: StripeSandboxOptions = {}) {
  let seconds = START;
  const { sandbox: started, stripe } = await sandbox({ now: () => new Date(seconds * 1000), ...options });
  const { id: customer } = await stripe.customers.create({ email: 'jenny@example.com', name: 'Jenny' });
  const { id: card } = await stripe.paymentMethods.attach('pm_card_visa', { customer });
  const seen = new Set<string>();
  const told = async (): Promise<Stripe.Event[]> => {
    const fresh: Stripe.Event[] = [];
    for await (const event of stripe.events.list({ limit: 100 })) {
      if (!seen.has(event.id)) fresh.unshift(event);
      seen.add(event.id);
    }
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

  test('is invoiced and collected at once with always_invoice, as its preview said', async () => {
    const { stripe, id, item, told, until } = await subscribed();
    const business = await pricedAt(stripe, 9900, 'month', 'Business');
    await until(LATER);
    await told();
    const change = {
      items: [{ id: item, price: business.id }],
      proration_behavior: 'always_invoice' as const,
    };
    const preview = await stripe.invoices.createPreview({ subscription: id, subscription_details: change });
    expect(preview).toMatchObject({
      id: expect.stringMatching(/^upcoming_in_/),
      status: 'draft',
      billing_reason: 'upcoming',
      amount_due: CREDIT + DEBIT,
    });
    expect(await told()).toEqual([]);
    const changed = await stripe.subscriptions.update(id, { ...change, expand: ['latest_invoice'] });
    expect(changed).toMatchObject({
      status: 'active',
      latest_invoice: {
        status: 'paid',
        billing_reason: 'subscription_update',
        total: CREDIT + DEBIT,
      },
    });
    expect(amountsOf(preview)).toEqual([DEBIT, CREDIT]);
    expect(typesOf(await told())).toEqual([
      'invoiceitem.created',
      'invoiceitem.created',
      'customer.subscription.updated',
      'invoice.created',
      'payment_intent.created',
      'invoice.finalized',
      'charge.succeeded',
      'payment_intent.succeeded',
      'invoice_payment.paid',
      'invoice.updated',
      'invoice.paid',
      'invoice.payment_succeeded',
    ]);
    await until(APRIL);
    const [renewal] = (await stripe.invoices.list({ subscription: id, limit: 1 })).data;
    expect(renewal?.total).toBe(9900);
  });

  test('can be previewed and done as of the same instant', async () => {
    const { stripe, id, item, until } = await subscribed();
    const business = await pricedAt(stripe, 9900, 'month', 'Business');
    await until(LATER);
    const change = {
      items: [{ id: item, price: business.id }],
      proration_behavior: 'always_invoice' as const,
      proration_date: LATER,
    };
    const preview = await stripe.invoices.createPreview({ subscription: id, subscription_details: change });
    await until(LATER + 600);
    const changed = await stripe.subscriptions.update(id, { ...change, expand: ['latest_invoice'] });
    expect(changed.latest_invoice).toMatchObject({ total: preview.total });
    expect(
      await refusal(stripe.subscriptions.update(id, { ...change, proration_date: MARCH - 1 })),
    ).toMatchObject({ param: 'proration_date' });
  });

  test('without prorations costs nothing until the renewal', async () => {
    const { stripe, id, item, told, until } = await subscribed();
    const business = await pricedAt(stripe, 9900, 'month', 'Business');
    await until(LATER);
    await told();
    await stripe.subscriptions.update(id, {
      items: [{ id: item, price: business.id }],
      proration_behavior: 'none',
    });
    expect(typesOf(await told())).toEqual(['customer.subscription.updated']);
    await until(APRIL);
    const [renewal] = (await stripe.invoices.list({ subscription: id, limit: 1 })).data;
    expect(amountsOf(renewal)).toEqual([9900]);
  });

  test('twice in a period credits the second time what was charged by the first', async () => {
    const { stripe, id, item, until } = await subscribed();
    await until(at('2027-03-11T00:00:00Z'));
    await stripe.subscriptions.update(id, { items: [{ id: item, quantity: 2 }] });
    await until(at('2027-03-21T00:00:00Z'));
    await stripe.subscriptions.update(id, { items: [{ id: item, quantity: 1 }] });
    // 21 of 31 days are left, then 11 of these 21.
    const debit = Math.round((4980 * 21) / 31);
    const { data } = await stripe.invoiceItems.list({ pending: true });
    expect(data.map(({ amount }) => amount)).toEqual([
      Math.round((2490 * 11) / 31),
      -Math.round((debit * 11) / 21),
      debit,
      -Math.round((2490 * 21) / 31),
    ]);
    expect(data[1]).toMatchObject({
      description: 'Unused time on 2 × Professional after 21 Mar 2027',
      proration_details: { credited_items: { type: 'invoice_item', invoice_item: data[2]?.id } },
    });
  });

  test('credits what was really billed, the discount taken off', async () => {
    const { stripe, customer, card, until } = await stage();
    const coupon = await stripe.coupons.create({ percent_off: 50, duration: 'once' });
    const price = await priceOf(stripe, 3100, 'month');
    const dear = await priceOf(stripe, 6200, 'month');
    await until(MARCH);
    const { id, items } = await stripe.subscriptions.create({
      customer,
      default_payment_method: card,
      items: [{ price: price.id }],
      discounts: [{ coupon: coupon.id }],
    });
    await until(at('2027-03-11T00:00:00Z'));
    await stripe.subscriptions.update(id, { items: [{ id: items.data[0]?.id ?? '', price: dear.id }] });
    const { data } = await stripe.invoiceItems.list({ pending: true });
    expect(data.map(({ amount }) => amount)).toEqual([4200, -1050]);
  });

  test('to a yearly one begins a new cycle and is paid at once', async () => {
    const { stripe, id, item, until } = await subscribed();
    const yearly = await pricedAt(stripe, 24_000, 'year', 'Professional yearly');
    await until(LATER);
    const changed = await stripe.subscriptions.update(id, {
      items: [{ id: item, price: yearly.id }],
      expand: ['latest_invoice'],
    });
    expect(changed).toMatchObject({
      billing_cycle_anchor: LATER,
      latest_invoice: { status: 'paid', total: 24_000 + CREDIT },
      items: {
        data: [{ current_period_start: LATER, current_period_end: at('2028-03-08T18:00:10Z') }],
      },
    });
  });

  test('begins a new cycle when that is asked for', async () => {
    const { stripe, id, until } = await subscribed();
    await until(LATER);
    const changed = await stripe.subscriptions.update(id, {
      billing_cycle_anchor: { type: 'now' },
      proration_behavior: 'none',
      expand: ['latest_invoice'],
    });
    expect(changed).toMatchObject({ billing_cycle_anchor: LATER, latest_invoice: { total: 2490 } });
  });

  test('that cannot be paid leaves the subscription past_due, or all as it was', async () => {
    const { stripe, id, item, payWith, told, until } = await subscribed();
    const business = await pricedAt(stripe, 9900, 'month', 'Business');
    await until(LATER);
    await payWith(id, 'pm_card_chargeCustomerFail');
    const change = {
      items: [{ id: item, price: business.id }],
      proration_behavior: 'always_invoice' as const,
    };
    const error = await refusal(
      stripe.subscriptions.update(id, { ...change, payment_behavior: 'error_if_incomplete' }),
    );
    expect(error).toMatchObject({ statusCode: 402, code: 'card_declined' });
    expect(await told()).toEqual([]);
    expect((await stripe.invoiceItems.list({ pending: true })).data).toEqual([]);
    expect(await stripe.subscriptions.update(id, change)).toMatchObject({ status: 'past_due' });
    expect(typesOf(await told()).slice(-3)).toEqual([
      'invoice.payment_failed',
      'customer.subscription.updated',
      'customer.updated',
    ]);
    await payWith(id, 'pm_card_visa');
    await until(LATER + 3 * DAY);
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'active' });
  });
});

describe('a renewal that is not paid', () => {
  /** Attempts an hour after the renewal, then 3, 5 and 7 days after each other. */
  const LAST_ATTEMPT = APRIL + HOUR + 15 * DAY;

  async function failing(options: StripeSandboxOptions = {}) {
    const set = await subscribed(options);
    await set.payWith(set.id, 'pm_card_chargeCustomerFail');
    return set;
  }

  test('makes the subscription past_due, and active when a retry succeeds', async () => {
    const { stripe, id, customer, payWith, told, until } = await failing();
    await until(APRIL + HOUR);
    const events = await told();
    expect(typesOf(events)).toEqual([
      'invoice.upcoming',
      'customer.subscription.updated',
      'invoice.created',
      'payment_intent.created',
      'invoice.finalized',
      'charge.failed',
      'payment_intent.payment_failed',
      'invoice.updated',
      'invoice.payment_failed',
      'customer.subscription.updated',
      'customer.updated',
    ]);
    expect(events.at(-2)?.data).toMatchObject({
      object: { status: 'past_due' },
      previous_attributes: { status: 'active' },
    });
    expect(await stripe.customers.retrieve(customer)).toMatchObject({ delinquent: true });
    await payWith(id, 'pm_card_visa');
    await until(APRIL + HOUR + 3 * DAY);
    expect(typesOf(await told()).slice(-3)).toEqual([
      'invoice.payment_succeeded',
      'customer.subscription.updated',
      'customer.updated',
    ]);
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'active' });
    expect(await stripe.customers.retrieve(customer)).toMatchObject({ delinquent: false });
  });

  test('cancels the subscription after the last retry', async () => {
    const { stripe, id, told, until } = await failing();
    await until(LAST_ATTEMPT);
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({
      status: 'canceled',
      canceled_at: LAST_ATTEMPT,
      ended_at: LAST_ATTEMPT,
      cancellation_details: { reason: 'payment_failed' },
    });
    expect(typesOf(await told())).toContain('customer.subscription.deleted');
    await until(LAST_ATTEMPT + 90 * DAY);
    expect(await told()).toEqual([]);
  });

  test('leaves it unpaid, and its invoices drafts, where the account is set so', async () => {
    const { stripe, id, card, until } = await failing({ settings: { afterLastRetry: 'unpaid' } });
    await until(at('2027-05-02T00:00:00Z'));
    expect(await stripe.subscriptions.retrieve(id, { expand: ['latest_invoice'] })).toMatchObject({
      status: 'unpaid',
      latest_invoice: { status: 'draft', auto_advance: false },
    });
    const [latest] = (await stripe.invoices.list({ subscription: id, limit: 1 })).data;
    await stripe.invoices.pay(latest?.id ?? '', { payment_method: card });
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'active' });
  });

  test('leaves it past_due, and goes on to renew it, where the account is set so', async () => {
    const { stripe, sandbox: started, id, until } = await failing();
    started.changeSettings({ afterLastRetry: 'past_due' });
    await until(at('2027-05-02T00:00:00Z'));
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({
      status: 'past_due',
      items: { data: [{ current_period_start: at('2027-05-01T00:00:00Z') }] },
    });
  });
});

describe('of two open invoices', () => {
  test('only the latest decides about the status, and none is collected after the end', async () => {
    const { stripe, id, card, payWith, told, until } = await subscribed({
      settings: { afterLastRetry: 'past_due' },
    });
    await payWith(id, 'pm_card_chargeCustomerFail');
    await until(at('2027-05-01T01:00:00Z'));
    const [latest, older] = (await stripe.invoices.list({ subscription: id })).data;
    await stripe.invoices.pay(older?.id ?? '', { payment_method: card });
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'past_due' });
    await stripe.subscriptions.cancel(id);
    await told();
    await until(at('2027-07-01T00:00:00Z'));
    expect(await told()).toEqual([]);
    expect(await stripe.invoices.retrieve(latest?.id ?? '')).toMatchObject({
      status: 'open',
      auto_advance: false,
      next_payment_attempt: null,
    });
  });
});

describe('the end of a subscription', () => {
  test('now: nothing is given back unless that is asked for', async () => {
    const { stripe, id, told, until } = await subscribed();
    await until(LATER);
    await told();
    const ended = await stripe.subscriptions.cancel(id, {
      cancellation_details: { comment: 'Too dear', feedback: 'too_expensive' },
    });
    expect(ended).toMatchObject({
      status: 'canceled',
      canceled_at: LATER,
      ended_at: LATER,
      cancellation_details: {
        comment: 'Too dear',
        feedback: 'too_expensive',
        reason: 'cancellation_requested',
      },
    });
    expect(typesOf(await told())).toEqual(['customer.subscription.deleted']);
    expect(await refusal(stripe.subscriptions.cancel(id))).toMatchObject({ statusCode: 404 });
    expect(await refusal(stripe.subscriptions.update(id, { cancel_at_period_end: false }))).toMatchObject({
      code: 'invalid_canceled_subscription_fields',
    });
    const noted = await stripe.subscriptions.update(id, { metadata: { seen: '1' } });
    expect(noted.metadata).toEqual({ seen: '1' });
    expect((await stripe.subscriptions.list()).data).toEqual([]);
    expect((await stripe.subscriptions.list({ status: 'ended' })).data).toHaveLength(1);
  });

  test('now, with a credit on a last invoice', async () => {
    const { stripe, id, customer, until } = await subscribed();
    await until(at('2027-03-11T00:00:00Z'));
    await stripe.subscriptions.cancel(id, { prorate: true, invoice_now: true });
    await until(at('2027-03-11T01:00:00Z'));
    const credit = -Math.round((2490 * 21) / 31);
    expect(await stripe.subscriptions.retrieve(id, { expand: ['latest_invoice'] })).toMatchObject({
      latest_invoice: { status: 'paid', total: credit, amount_due: 0 },
    });
    expect(await stripe.customers.retrieve(customer)).toMatchObject({ balance: credit });
  });

  test('with its period, unless it is taken back before', async () => {
    const { stripe, id, told, until } = await subscribed();
    await until(LATER);
    await told();
    const asked = await stripe.subscriptions.update(id, { cancel_at_period_end: true });
    expect(asked).toMatchObject({
      status: 'active',
      cancel_at: APRIL,
      cancel_at_period_end: true,
      canceled_at: LATER,
    });
    expect(await refusal(stripe.invoices.createPreview({ subscription: id }))).toMatchObject({
      statusCode: 404,
      code: 'invoice_upcoming_none',
    });
    expect(await stripe.subscriptions.update(id, { cancel_at_period_end: false })).toMatchObject({
      cancel_at: null,
      canceled_at: null,
      cancellation_details: { reason: null },
    });
    await stripe.subscriptions.update(id, { cancel_at_period_end: true });
    await told();
    await until(APRIL);
    const events = await told();
    expect(typesOf(events)).toEqual(['customer.subscription.deleted']);
    expect(events[0]?.data.object).toMatchObject({
      status: 'canceled',
      cancel_at_period_end: true,
      canceled_at: LATER,
      ended_at: APRIL,
    });
  });

  test('at a date: what of the period is left is credited, what waits is billed', async () => {
    const { stripe, id, customer, until } = await subscribed();
    await stripe.subscriptions.update(id, { cancel_at: at('2027-03-11T00:00:00Z') });
    await until(at('2027-03-12T00:00:00Z'));
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({
      status: 'canceled',
      ended_at: at('2027-03-11T00:00:00Z'),
    });
    expect(await stripe.customers.retrieve(customer)).toMatchObject({
      balance: -Math.round((2490 * 21) / 31),
    });
  });

  test('at a date in a later period: that is billed in proportion', async () => {
    const { stripe, id, until } = await subscribed();
    await stripe.subscriptions.update(id, { cancel_at: at('2027-04-16T00:00:00Z') });
    await until(APRIL);
    expect(await stripe.subscriptions.retrieve(id, { expand: ['latest_invoice'] })).toMatchObject({
      latest_invoice: { total: 1245 },
      items: { data: [{ current_period_end: at('2027-04-16T00:00:00Z') }] },
    });
    await until(at('2027-04-16T00:00:00Z'));
    const { status, latest_invoice } = await stripe.subscriptions.retrieve(id);
    expect(status).toBe('canceled');
    expect(await stripe.invoices.retrieve(String(latest_invoice))).toMatchObject({ total: 1245 });
  });

  test('comes with that of its customer', async () => {
    const { stripe, id, customer } = await subscribed();
    await stripe.customers.del(customer);
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'canceled' });
  });
});

describe('a paused subscription', () => {
  test('neither renews nor bills, and resumes with a new cycle', async () => {
    const { stripe, id, told, until } = await subscribed();
    await until(at('2027-03-11T00:00:00Z'));
    const paused = await stripe.subscriptions.pause(id);
    expect(paused).toMatchObject({
      status: 'paused',
      status_details: { paused: { subscription: { type: 'pause_requested' } } },
    });
    await told();
    await until(at('2027-06-15T00:00:00Z'));
    expect(await told()).toEqual([]);
    const resumed = await stripe.subscriptions.resume(id, { expand: ['latest_invoice'] });
    const credit = -Math.round((2490 * 21) / 31);
    expect(resumed).toMatchObject({
      status: 'active',
      billing_cycle_anchor: at('2027-06-15T00:00:00Z'),
      latest_invoice: { status: 'paid', total: 2490 + credit },
      items: { data: [{ current_period_end: at('2027-07-15T00:00:00Z') }] },
    });
    expect(resumed.status_details).toBeUndefined();
    expect(typesOf(await told()).slice(0, 3)).toEqual([
      'customer.subscription.updated',
      'customer.subscription.resumed',
      'invoice.created',
    ]);
    expect(await refusal(stripe.subscriptions.resume(id))).toMatchObject({ statusCode: 400 });
  });

  test('resumes in its old cycle, and pays the rest of the period', async () => {
    const { stripe, id, until } = await subscribed();
    await until(at('2027-03-11T00:00:00Z'));
    await stripe.subscriptions.pause(id, { bill_for: { unused_time_from: { type: 'none' } } });
    await until(at('2027-04-16T00:00:00Z'));
    const resumed = await stripe.subscriptions.resume(id, {
      billing_cycle_anchor: { type: 'unchanged' },
      proration_behavior: 'always_invoice',
      expand: ['latest_invoice'],
    });
    expect(resumed).toMatchObject({
      billing_cycle_anchor: MARCH,
      latest_invoice: { status: 'paid', total: 1245 },
      items: { data: [{ current_period_end: at('2027-05-01T00:00:00Z') }] },
    });
  });

  test('waits for its payment when that is asked for, for 23 hours', async () => {
    const { stripe, id, card, payWith, until } = await subscribed();
    await stripe.subscriptions.pause(id, { bill_for: { unused_time_from: { type: 'none' } } });
    await payWith(id, 'pm_card_chargeCustomerFail');
    const waits = await stripe.subscriptions.resume(id, {
      payment_behavior: 'resume_on_payment_success',
      expand: ['latest_invoice'],
    });
    expect(waits).toMatchObject({ status: 'paused', latest_invoice: { status: 'open' } });
    await until(MARCH + 23 * HOUR);
    expect(await stripe.subscriptions.retrieve(id, { expand: ['latest_invoice'] })).toMatchObject({
      status: 'paused',
      latest_invoice: { status: 'void' },
    });
    const again = await stripe.subscriptions.resume(id, { payment_behavior: 'resume_on_payment_success' });
    await stripe.invoices.pay(String(again.latest_invoice), { payment_method: card });
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'active' });
  });
});

test('pause_collection leaves drafts until it ends by itself', async () => {
  const { stripe, id, told, until } = await subscribed();
  await stripe.subscriptions.update(id, {
    pause_collection: { behavior: 'keep_as_draft', resumes_at: APRIL + 2 * DAY },
  });
  await until(APRIL + DAY);
  expect(await stripe.subscriptions.retrieve(id, { expand: ['latest_invoice'] })).toMatchObject({
    status: 'active',
    latest_invoice: { status: 'draft', auto_advance: false },
  });
  await told();
  await until(APRIL + 2 * DAY);
  expect(typesOf(await told())).toEqual(['customer.subscription.updated']);
  expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ pause_collection: null });
});

test('discounts for once, for some months and forever last as long as they say', async () => {
  const { stripe, customer, card, until } = await stage();
  const price = await priceOf(stripe, 1000, 'month');
  await until(MARCH);
  const create = async (coupon: Stripe.CouponCreateParams) => {
    const { id } = await stripe.coupons.create({ percent_off: 25, ...coupon });
    return stripe.subscriptions.create({
      customer,
      default_payment_method: card,
      items: [{ price: price.id }],
      discounts: [{ coupon: id }],
    });
  };
  const once = await create({ duration: 'once' });
  const repeating = await create({ duration: 'repeating', duration_in_months: 3 });
  const forever = await create({ duration: 'forever' });
  expect(once.discounts).toEqual([]);
  await until(at('2027-06-02T00:00:00Z'));
  const totals = async (subscription: string) =>
    (await stripe.invoices.list({ subscription })).data.map(({ total }) => total).toReversed();
  expect(await totals(once.id)).toEqual([750, 1000, 1000, 1000]);
  expect(await totals(repeating.id)).toEqual([750, 750, 750, 1000]);
  expect(await totals(forever.id)).toEqual([750, 750, 750, 750]);
  expect((await stripe.subscriptions.retrieve(repeating.id)).discounts).toEqual([]);
  await stripe.subscriptions.deleteDiscount(forever.id);
  expect((await stripe.subscriptions.retrieve(forever.id)).discounts).toEqual([]);
});

test('previews of a new subscription, of a cancellation and with other items', async () => {
  const { stripe, customer, id, price, until } = await subscribed();
  const coupon = await stripe.coupons.create({ percent_off: 10, duration: 'once' });
  expect(
    await stripe.invoices.createPreview({
      customer,
      subscription_details: { items: [{ price: price.id, quantity: 3 }] },
      discounts: [{ coupon: coupon.id }],
    }),
  ).toMatchObject({ subtotal: 7470, total: 6723, status: 'draft' });
  await until(at('2027-03-11T00:00:00Z'));
  expect(
    await stripe.invoices.createPreview({ subscription: id, subscription_details: { cancel_now: true } }),
  ).toMatchObject({ total: -Math.round((2490 * 21) / 31) });
  expect(
    await stripe.invoices.createPreview({
      customer,
      invoice_items: [{ amount: 500, currency: 'gbp', description: 'Help' }],
    }),
  ).toMatchObject({ total: 2990 });
  expect((await stripe.invoiceItems.list()).data).toEqual([]);
  expect((await stripe.subscriptions.list({ customer })).data).toHaveLength(1);
});

test('items are a resource of their own, and their changes those of the subscription', async () => {
  const { stripe, id, item, until } = await subscribed();
  const seats = await pricedAt(stripe, 310, 'month', 'Seat');
  await until(at('2027-03-11T00:00:00Z'));
  const added = await stripe.subscriptionItems.create({ subscription: id, price: seats.id, quantity: 2 });
  expect(added).toMatchObject({ object: 'subscription_item', quantity: 2, current_period_end: APRIL });
  expect(await stripe.subscriptionItems.update(added.id, { quantity: 3 })).toMatchObject({ quantity: 3 });
  expect((await stripe.subscriptionItems.list({ subscription: id })).data.map((one) => one.id)).toEqual([
    item,
    added.id,
  ]);
  expect(await stripe.subscriptionItems.retrieve(added.id)).toMatchObject({ price: { id: seats.id } });
  await stripe.subscriptionItems.del(added.id, { proration_behavior: 'none' });
  const { data } = await stripe.invoiceItems.list({ pending: true });
  expect(data.map(({ amount }) => amount)).toEqual([630, -420, 420]);
  expect(await refusal(stripe.subscriptionItems.del(item))).toMatchObject({ statusCode: 400 });
  expect(await refusal(stripe.subscriptionItems.retrieve(added.id))).toMatchObject({ statusCode: 404 });
});

test('subscriptions are listed by customer, price, status and period', async () => {
  const { stripe, id, customer, price } = await subscribed();
  const found = async (params: Stripe.SubscriptionListParams) =>
    (await stripe.subscriptions.list(params)).data.map((one) => one.id);
  expect(await found({ customer, price: price.id, status: 'active' })).toEqual([id]);
  expect(await found({ current_period_end: { gte: APRIL } })).toEqual([id]);
  expect(await found({ current_period_end: { gt: APRIL } })).toEqual([]);
  expect(await found({ status: 'past_due' })).toEqual([]);
  const { id: other } = await stripe.customers.create({});
  expect(await found({ customer: other })).toEqual([]);
});

test('the next renewal is told without an id three days before', async () => {
  const { told, until } = await subscribed();
  await until(APRIL - 3 * DAY);
  const [upcoming] = await told();
  expect(upcoming).toMatchObject({
    type: 'invoice.upcoming',
    data: { object: { billing_reason: 'upcoming', status: 'draft', total: 2490 } },
  });
  expect(upcoming?.data.object).not.toHaveProperty('id');
});

test('a subscription lives in the time of its customer', async () => {
  const { stripe } = await stage();
  const clock = await stripe.testHelpers.testClocks.create({ frozen_time: MARCH });
  const { id: customer } = await stripe.customers.create({ test_clock: clock.id });
  const method = await stripe.paymentMethods.attach('pm_card_visa', { customer });
  const price = await priceOf(stripe, 3100, 'month');
  const { id, items } = await stripe.subscriptions.create({
    customer,
    default_payment_method: method.id,
    items: [{ price: price.id }],
  });
  expect(items.data[0]).toMatchObject({ current_period_start: MARCH, current_period_end: APRIL });
  await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: at('2027-03-11T00:00:00Z') });
  await stripe.subscriptionItems.update(items.data[0]?.id ?? '', { quantity: 2 });
  await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: APRIL + HOUR });
  expect(await stripe.subscriptions.retrieve(id, { expand: ['latest_invoice'] })).toMatchObject({
    test_clock: clock.id,
    latest_invoice: { status: 'paid', total: 6200 + 4200 - 2100, created: APRIL },
  });
  expect((await stripe.subscriptions.list()).data).toEqual([]);
  expect((await stripe.subscriptions.list({ test_clock: clock.id })).data).toHaveLength(1);
});

describe('an update', () => {
  test('of plain members is told once, with what they were', async () => {
    const { stripe, id, told } = await subscribed();
    const updated = await stripe.subscriptions.update(id, {
      description: 'For the office',
      metadata: { plan: 'professional' },
      cancellation_details: { comment: 'Stays' },
      collection_method: 'send_invoice',
      days_until_due: 14,
    });
    expect(updated).toMatchObject({
      description: 'For the office',
      metadata: { plan: 'professional' },
      cancellation_details: { comment: 'Stays', reason: null },
      collection_method: 'send_invoice',
      days_until_due: 14,
    });
    const events = await told();
    expect(typesOf(events)).toEqual(['customer.subscription.updated']);
    expect(events[0]?.data.previous_attributes).toEqual({
      description: null,
      metadata: { plan: null },
      cancellation_details: { comment: null },
      collection_method: 'charge_automatically',
      days_until_due: null,
    });
    expect(await stripe.subscriptions.update(id, { description: '' })).toMatchObject({ description: null });
    await told();
    await stripe.subscriptions.update(id, { metadata: { plan: 'professional' } });
    expect(await told()).toEqual([]);
  });

  test('replaces discounts, and removes them by an empty string', async () => {
    const { stripe, id, told } = await subscribed();
    const first = await stripe.coupons.create({ percent_off: 10, duration: 'forever' });
    const second = await stripe.coupons.create({ percent_off: 20, duration: 'forever' });
    await stripe.subscriptions.update(id, { discounts: [{ coupon: first.id }] });
    await told();
    const replaced = await stripe.subscriptions.update(id, { discounts: [{ coupon: second.id }] });
    expect(replaced.discounts).toHaveLength(1);
    expect(typesOf(await told())).toEqual([
      'coupon.updated',
      'customer.discount.created',
      'customer.discount.deleted',
      'customer.subscription.updated',
    ]);
    expect(await stripe.invoices.createPreview({ subscription: id })).toMatchObject({ total: 1992 });
    expect((await stripe.subscriptions.update(id, { discounts: '' })).discounts).toEqual([]);
    expect(await stripe.invoices.createPreview({ subscription: id })).toMatchObject({ total: 2490 });
  });

  test('whose invoice somebody is to pay makes the subscription past_due until then', async () => {
    const { stripe, id, item, card } = await subscribed();
    const changed = await stripe.subscriptions.update(id, {
      items: [{ id: item, quantity: 2 }],
      proration_behavior: 'always_invoice',
      payment_behavior: 'default_incomplete',
      expand: ['latest_invoice'],
    });
    expect(changed).toMatchObject({ status: 'past_due', latest_invoice: { status: 'open', total: 2490 } });
    const [latest] = (await stripe.invoices.list({ subscription: id, limit: 1 })).data;
    await stripe.invoices.pay(latest?.id ?? '', { payment_method: card });
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'active' });
  });

  test('from something free to something that costs is paid at once, in a new cycle', async () => {
    const { stripe, customer, card, until } = await stage();
    const free = await priceOf(stripe, 0, 'month');
    const paid = await priceOf(stripe, 2490, 'month');
    const { id, status, items } = await stripe.subscriptions.create({
      customer,
      items: [{ price: free.id }],
    });
    expect(status).toBe('active');
    await until(LATER);
    const changed = await stripe.subscriptions.update(id, {
      default_payment_method: card,
      items: [{ id: items.data[0]?.id ?? '', price: paid.id }],
      expand: ['latest_invoice'],
    });
    expect(changed).toMatchObject({
      billing_cycle_anchor: LATER,
      latest_invoice: { status: 'paid', total: 2490 },
    });
  });

  test('that begins a trial gives back what is paid for', async () => {
    const { stripe, id, customer, until } = await subscribed();
    await until(at('2027-03-11T00:00:00Z'));
    const changed = await stripe.subscriptions.update(id, { trial_end: at('2027-04-11T00:00:00Z') });
    expect(changed).toMatchObject({
      status: 'trialing',
      billing_cycle_anchor: at('2027-04-11T00:00:00Z'),
      trial_start: at('2027-03-11T00:00:00Z'),
    });
    const credit = -Math.round((2490 * 21) / 31);
    expect(await stripe.customers.retrieve(customer)).toMatchObject({ balance: credit });
  });

  test('that the sandbox does not play is refused', async () => {
    const { stripe, id, item } = await subscribed();
    for (const params of [
      { payment_behavior: 'pending_if_incomplete' },
      { cancel_at: 'min_period_end' },
      { automatic_tax: { enabled: true } },
      { items: [{ id: 'si_other', quantity: 2 }] },
      { items: [{ id: item, deleted: true }] },
    ] satisfies Stripe.SubscriptionUpdateParams[]) {
      expect(await refusal(stripe.subscriptions.update(id, params))).toMatchObject({ statusCode: 400 });
    }
  });
});

test('extras go on the next invoice', async () => {
  const { stripe, id, until } = await subscribed();
  const setup = await priceOf(stripe, 500);
  await stripe.subscriptions.update(id, { add_invoice_items: [{ price: setup.id }] });
  expect(amountsOf(await stripe.invoices.createPreview({ subscription: id }))).toEqual([500, 2490]);
  await until(APRIL);
  const [renewal] = (await stripe.invoices.list({ subscription: id, limit: 1 })).data;
  expect(renewal?.total).toBe(2990);
});
