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
