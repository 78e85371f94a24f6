import type Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import type { StripeSandboxOptions } from '../../dev/stripe-sandbox/index.ts';
import { eventsOf, payByCard, priceOf, sandbox, sessionFor } from './support.ts';

const START = at('2027-01-31T10:00:00Z');

function at(iso: string): number {
  return Date.parse(iso) / 1000;
}

/** A sandbox whose time the test sets, and a customer who has a card. */
async function stage(options: StripeSandboxOptions = {}) {
  let seconds = START;
  const { sandbox: started, stripe } = await sandbox({ now: () => new Date(seconds * 1000), ...options });
  const customer = await stripe.customers.create({ email: 'jenny@example.com', name: 'Jenny' });
  await payByCard(
    (
      await sessionFor(stripe, await priceOf(stripe, 100), {
        customer: customer.id,
        payment_intent_data: { setup_future_usage: 'off_session' },
      })
    ).url,
  );
  const [intent] = (await stripe.paymentIntents.list({ customer: customer.id })).data;
  const card = String(intent?.payment_method);
  let seen = (await eventsOf(stripe)).length;
  return {
    stripe,
    sandbox: started,
    customer: customer.id,
    card,
    /** Lets time pass up to an instant. */
    async until(instant: number) {
      seconds = instant;
      await stripe.products.list();
    },
    /** The types of the events since this was asked the last time. */
    async told() {
      const all: Stripe.Event[] = [];
      for await (const event of stripe.events.list({ limit: 100 })) all.push(event);
      const fresh = all.toReversed().slice(seen);
      seen = all.length;
      return fresh;
    },
  };
}

const typesOf = (events: readonly Stripe.Event[]): string[] => events.map(({ type }) => type);

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

const amountsOf = (invoice: Stripe.Invoice | undefined) => invoice?.lines.data.map(({ amount }) => amount);
