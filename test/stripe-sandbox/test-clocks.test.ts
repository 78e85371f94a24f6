import type Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import { customerOnClock, customerWith } from './billing-support.ts';
import {
  DAY,
  HOUR,
  NEW_YEAR,
  eventsOf,
  priceOf,
  refusal,
  sandbox,
  sessionFor,
  submit,
  typesOf,
} from './support.ts';

describe('a test clock', () => {
  test('stands still where it was set, and says when Stripe would delete it', async () => {
    const { stripe } = await sandbox();
    const { clock } = await customerOnClock(stripe);
    expect(clock).toMatchObject({
      object: 'test_helpers.test_clock',
      frozen_time: NEW_YEAR,
      name: 'A year of Jenny',
      status: 'ready',
      status_details: {},
      deletes_after: clock.created + 30 * DAY,
    });
    expect(await stripe.testHelpers.testClocks.retrieve(clock.id)).toMatchObject({ id: clock.id });
    const listed = await stripe.testHelpers.testClocks.list();
    expect(listed.data.map(({ id }) => id)).toEqual([clock.id]);
  });

  test('answers that it advances, then is ready', async () => {
    const { stripe } = await sandbox();
    const { clock } = await customerOnClock(stripe);
    const frozen_time = NEW_YEAR + 10 * DAY;
    const advancing = await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time });
    expect(advancing).toMatchObject({
      status: 'advancing',
      frozen_time: NEW_YEAR,
      status_details: { advancing: { target_frozen_time: frozen_time } },
    });
    const ready = await stripe.testHelpers.testClocks.retrieve(clock.id);
    expect(ready).toMatchObject({ status: 'ready', frozen_time, status_details: {} });
    const types = await typesOf(stripe);
    expect(types).toEqual([
      'test_helpers.test_clock.created',
      'customer.created',
      'test_helpers.test_clock.advancing',
      'test_helpers.test_clock.ready',
    ]);
  });

  test.each([
    ['the same instant', NEW_YEAR],
    ['the past', NEW_YEAR - 1],
    ['more than two years', NEW_YEAR + 731 * DAY],
  ])('is not advanced to %s', async (_name, frozen_time) => {
    const { stripe } = await sandbox();
    const { clock } = await customerOnClock(stripe);
    const refused = await refusal(stripe.testHelpers.testClocks.advance(clock.id, { frozen_time }));
    expect(refused).toMatchObject({ statusCode: 400, param: 'frozen_time' });
    expect(await stripe.testHelpers.testClocks.retrieve(clock.id)).toMatchObject({ frozen_time: NEW_YEAR });
  });

  test('is given to a customer only when it is created, and to three at most', async () => {
    const { stripe } = await sandbox();
    const { clock } = await customerOnClock(stripe);
    await stripe.customers.create({ test_clock: clock.id });
    await stripe.customers.create({ test_clock: clock.id });
    expect(await refusal(stripe.customers.create({ test_clock: clock.id }))).toMatchObject({
      statusCode: 400,
      param: 'test_clock',
    });
    expect(await refusal(stripe.customers.create({ test_clock: 'clock_none' }))).toMatchObject({
      statusCode: 400,
      code: 'resource_missing',
      param: 'test_clock',
    });
  });

  test('takes what lives on it along when it is deleted', async () => {
    const { stripe } = await sandbox();
    const { clock, customer } = await customerOnClock(stripe);
    const bystander = await stripe.customers.create();
    expect(await stripe.testHelpers.testClocks.del(clock.id)).toEqual(
      expect.objectContaining({ id: clock.id, object: 'test_helpers.test_clock', deleted: true }),
    );
    expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ deleted: true });
    expect(await stripe.customers.retrieve(bystander.id)).not.toHaveProperty('deleted');
    expect(await refusal(stripe.testHelpers.testClocks.retrieve(clock.id))).toMatchObject({
      statusCode: 404,
    });
    const types = await typesOf(stripe);
    expect(types.slice(-2)).toEqual(['customer.deleted', 'test_helpers.test_clock.deleted']);
  });
});

describe('what lives on a test clock', () => {
  test('is created at its time, and listed only when the clock is asked for', async () => {
    const { stripe } = await sandbox();
    const { clock, customer } = await customerOnClock(stripe);
    const bystander = await stripe.customers.create({ email: 'jenny@example.com' });
    expect(customer).toMatchObject({ created: NEW_YEAR, test_clock: clock.id });
    const names = async (params: Stripe.CustomerListParams): Promise<string[]> =>
      (await stripe.customers.list(params)).data.map(({ id }) => id);
    expect(await names({ email: 'jenny@example.com' })).toEqual([bystander.id]);
    expect(await names({ test_clock: clock.id })).toEqual([customer.id]);
  });

  test('happens when the clock passes its instant, whatever the time elsewhere', async () => {
    const { stripe } = await sandbox();
    const { clock, customer } = await customerOnClock(stripe);
    const price = await priceOf(stripe, 400);
    const session = await sessionFor(stripe, price, { customer: customer.id });
    expect(session.expires_at).toBe(NEW_YEAR + DAY);
    const status = async (): Promise<string | null> =>
      (await stripe.checkout.sessions.retrieve(session.id)).status;
    await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: NEW_YEAR + DAY - 1 });
    expect(await status()).toBe('open');
    await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: NEW_YEAR + 3 * DAY });
    expect(await status()).toBe('expired');
    const [expired] = (await stripe.events.list({ type: 'checkout.session.expired' })).data;
    expect(expired?.created).toBe(NEW_YEAR + DAY);
  });

  test('renews in the order in which Stripe tells it', async () => {
    const { stripe } = await sandbox();
    const { clock, customer } = await customerOnClock(stripe, 'pm_card_visa');
    await subscribe(stripe, customer.id, 'month');
    const before = (await eventsOf(stripe)).length;
    const renewal = Date.UTC(2026, 1, 1) / 1000;
    await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: renewal + 2 * HOUR });
    const told = (await eventsOf(stripe)).slice(before).map(({ type, created }) => [type, created]);
    expect(told.slice(1, -1)).toEqual([
      ['invoice.upcoming', renewal - 3 * DAY],
      ['customer.subscription.updated', renewal],
      ['invoice.created', renewal],
      ['payment_intent.created', renewal + HOUR],
      ['invoice.finalized', renewal + HOUR],
      ['charge.succeeded', renewal + HOUR],
      ['payment_intent.succeeded', renewal + HOUR],
      ['invoice_payment.paid', renewal + HOUR],
      ['invoice.updated', renewal + HOUR],
      ['invoice.paid', renewal + HOUR],
      ['invoice.payment_succeeded', renewal + HOUR],
    ]);
    expect([told[0]?.[0], told.at(-1)?.[0]]).toEqual([
      'test_helpers.test_clock.advancing',
      'test_helpers.test_clock.ready',
    ]);
  });

  test('is never more than two intervals of the shortest subscription away', async () => {
    const { stripe } = await sandbox();
    const { clock, customer } = await customerOnClock(stripe, 'pm_card_visa');
    await subscribe(stripe, customer.id, 'year');
    const monthly = await subscribe(stripe, customer.id, 'month');
    const advance = (frozen_time: number): Promise<unknown> =>
      stripe.testHelpers.testClocks.advance(clock.id, { frozen_time });
    const march = Date.UTC(2026, 2, 1) / 1000;
    expect(await refusal(advance(march + 1))).toMatchObject({ statusCode: 400, param: 'frozen_time' });
    await advance(march);
    await stripe.subscriptions.cancel(monthly.id);
    await advance(Date.UTC(2027, 0, 2) / 1000);
    const [latest] = (await stripe.invoices.list({ customer: customer.id })).data;
    expect(latest).toMatchObject({ billing_reason: 'subscription_cycle', status: 'paid' });
    expect(latest?.created).toBe(Date.UTC(2027, 0, 1) / 1000);
  });

  test('ends with the clock', async () => {
    const { stripe } = await sandbox();
    const { clock, customer } = await customerOnClock(stripe, 'pm_card_visa');
    const { id } = await subscribe(stripe, customer.id, 'month');
    await stripe.testHelpers.testClocks.del(clock.id);
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'canceled', ended_at: NEW_YEAR });
  });
});

describe("the sandbox's own time", () => {
  test.each([
    ['the first of a month', Date.UTC(2026, 0, 1)],
    ['the last of a month', Date.UTC(2026, 0, 31)],
    ['the last of February', Date.UTC(2026, 1, 28)],
  ])('advances by months from %s, one renewal each, and leaves test clocks alone', async (_name, start) => {
    const { sandbox: own, stripe } = await sandbox({ now: () => new Date(start) });
    const { clock, customer: elsewhere } = await customerOnClock(stripe, 'pm_card_visa');
    await subscribe(stripe, elsewhere.id, 'month');
    const customer = await customerWith(stripe, 'pm_card_visa');
    await subscribe(stripe, customer.id, 'month');
    for (const renewals of [1, 2, 3, 4]) {
      await submit(`${own.url}/_sandbox/time/advance`, { by: 'month' });
      const { data } = await stripe.invoices.list({ customer: customer.id });
      expect(data.map(({ status }) => status)).toEqual(Array.from({ length: renewals + 1 }, () => 'paid'));
    }
    expect((await stripe.invoices.list({ customer: elsewhere.id })).data).toHaveLength(1);
    expect(await stripe.testHelpers.testClocks.retrieve(clock.id)).toMatchObject({ frozen_time: NEW_YEAR });
  });
});

async function subscribe(
  stripe: Stripe,
  customer: string,
  interval: 'month' | 'year',
): Promise<Stripe.Subscription> {
  const price = await priceOf(stripe, 1000, interval);
  return stripe.subscriptions.create({ customer, items: [{ price: price.id }] });
}
