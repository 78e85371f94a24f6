import type Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import { DAY, HOUR, eventsOf, priceOf, refusal, sandbox } from './support.ts';

const START = Date.UTC(2026, 0, 10) / 1000;
const FEBRUARY = Date.UTC(2026, 1, 10) / 1000;
const MARCH = Date.UTC(2026, 2, 10) / 1000;
const APRIL = Date.UTC(2026, 3, 10) / 1000;

interface Stage {
  readonly stripe: Stripe;
  readonly customer: string;
  readonly basic: Stripe.Price;
  readonly pro: Stripe.Price;
  /** Advances the customer's clock to an instant. */
  readonly until: (seconds: number) => Promise<void>;
}

/** A paying customer on a test clock, and two monthly prices: £10 and £30. */
async function stage(): Promise<Stage> {
  const { stripe } = await sandbox();
  const clock = await stripe.testHelpers.testClocks.create({ frozen_time: START });
  const customer = await stripe.customers.create({
    test_clock: clock.id,
    payment_method: 'pm_card_visa',
    invoice_settings: { default_payment_method: 'pm_card_visa' },
  });
  return {
    stripe,
    customer: customer.id,
    basic: await priceOf(stripe, 1000, 'month'),
    pro: await priceOf(stripe, 3000, 'month'),
    async until(frozen_time) {
      await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time });
    },
  };
}

async function subscribed({ stripe, customer, basic }: Stage): Promise<Stripe.Subscription> {
  return stripe.subscriptions.create({ customer, items: [{ price: basic.id }] });
}

/** A schedule that moves a new subscription from basic to pro at its first renewal. */
async function upgrade(
  on: Stage,
  params: Stripe.SubscriptionScheduleUpdateParams = {},
): Promise<{ subscription: Stripe.Subscription; schedule: Stripe.SubscriptionSchedule }> {
  const subscription = await subscribed(on);
  const { stripe, basic, pro } = on;
  const { id } = await stripe.subscriptionSchedules.create({ from_subscription: subscription.id });
  const schedule = await stripe.subscriptionSchedules.update(id, {
    phases: [
      { items: [{ price: basic.id }], start_date: START, end_date: FEBRUARY },
      { items: [{ price: pro.id }], duration: { interval: 'month' } },
    ],
    ...params,
  });
  return { subscription, schedule };
}

async function typesSince(stripe: Stripe, first: string): Promise<string[]> {
  const types = (await eventsOf(stripe)).map(({ type }): string => type);
  return types.slice(types.lastIndexOf(first));
}

function span(phase: { start_date: number; end_date: number } | null | undefined): number[] {
  return phase ? [phase.start_date, phase.end_date] : [];
}

describe('a schedule of a subscription that exists', () => {
  test('begins with the present period as its phase', async () => {
    const on = await stage();
    const subscription = await subscribed(on);
    const schedule = await on.stripe.subscriptionSchedules.create({ from_subscription: subscription.id });
    expect(schedule).toMatchObject({
      object: 'subscription_schedule',
      status: 'active',
      subscription: subscription.id,
      customer: on.customer,
      end_behavior: 'release',
      test_clock: subscription.test_clock,
      phases: [{ items: [{ price: on.basic.id, quantity: 1 }], currency: 'gbp' }],
    });
    expect(span(schedule.current_phase)).toEqual([START, FEBRUARY]);
    expect(span(schedule.phases[0])).toEqual([START, FEBRUARY]);
    expect(await on.stripe.subscriptions.retrieve(subscription.id)).toMatchObject({ schedule: schedule.id });
    expect(await typesSince(on.stripe, 'subscription_schedule.created')).toEqual([
      'subscription_schedule.created',
      'customer.subscription.updated',
    ]);
  });

  test('takes no other parameters, and no subscription that has a schedule', async () => {
    const on = await stage();
    const { id } = await subscribed(on);
    const create = (params: Stripe.SubscriptionScheduleCreateParams) =>
      refusal(on.stripe.subscriptionSchedules.create({ from_subscription: id, ...params }));
    expect(await create({ end_behavior: 'cancel' })).toMatchObject({
      statusCode: 400,
      param: 'end_behavior',
    });
    await on.stripe.subscriptionSchedules.create({ from_subscription: id });
    expect(await create({})).toMatchObject({ statusCode: 400, param: 'from_subscription' });
  });

  test('changes the plan at the renewal, which bills only the new one', async () => {
    const on = await stage();
    const { subscription, schedule } = await upgrade(on);
    expect(schedule.phases.map(span)).toEqual([
      [START, FEBRUARY],
      [FEBRUARY, MARCH],
    ]);
    await on.until(FEBRUARY + 2 * HOUR);
    const { items, latest_invoice, status } = await on.stripe.subscriptions.retrieve(subscription.id, {
      expand: ['latest_invoice'],
    });
    expect(status).toBe('active');
    expect(items.data.map(({ price, current_period_end }) => [price.id, current_period_end])).toEqual([
      [on.pro.id, MARCH],
    ]);
    expect(latest_invoice).toMatchObject({ amount_paid: 3000, billing_reason: 'subscription_cycle' });
    expect(latest_invoice).toHaveProperty('lines.data.length', 1);
    const moved = await on.stripe.subscriptionSchedules.retrieve(schedule.id);
    expect(span(moved.current_phase)).toEqual([FEBRUARY, MARCH]);
  });

  test('lets the subscription go when its last phase is over', async () => {
    const on = await stage();
    const { subscription, schedule } = await upgrade(on);
    await on.until(FEBRUARY + 2 * HOUR);
    await on.until(MARCH + 2 * HOUR);
    expect(await on.stripe.subscriptionSchedules.retrieve(schedule.id)).toMatchObject({
      status: 'completed',
      completed_at: MARCH,
      current_phase: null,
      subscription: null,
      released_subscription: subscription.id,
    });
    const after = await on.stripe.subscriptions.retrieve(subscription.id);
    expect(after).toMatchObject({ status: 'active', schedule: null });
    expect(after.items.data[0]).toMatchObject({ price: { id: on.pro.id }, current_period_end: APRIL });
    expect(await typesSince(on.stripe, 'subscription_schedule.completed')).toEqual(
      expect.arrayContaining(['customer.subscription.updated', 'invoice.paid']),
    );
  });

  test('with end_behavior cancel ends the subscription, after telling it a week before', async () => {
    const on = await stage();
    const { subscription, schedule } = await upgrade(on, { end_behavior: 'cancel' });
    expect(await on.stripe.subscriptions.retrieve(subscription.id)).toMatchObject({ cancel_at: MARCH });
    await on.until(FEBRUARY + 2 * HOUR);
    await on.until(MARCH + 2 * HOUR);
    expect(await on.stripe.subscriptionSchedules.retrieve(schedule.id)).toMatchObject({
      status: 'completed',
    });
    expect(await on.stripe.subscriptions.retrieve(subscription.id)).toMatchObject({
      status: 'canceled',
      ended_at: MARCH,
    });
    const [expiring] = (await on.stripe.events.list({ type: 'subscription_schedule.expiring' })).data;
    expect(expiring?.created).toBe(MARCH - 7 * DAY);
    const invoices = await on.stripe.invoices.list({ subscription: subscription.id });
    expect(invoices.data.map(({ total }) => total)).toEqual([3000, 1000]);
  });
});

describe('a schedule of its own', () => {
  test('starts a subscription now, whose first invoice is a draft for an hour', async () => {
    const on = await stage();
    const schedule = await on.stripe.subscriptionSchedules.create({
      customer: on.customer,
      start_date: 'now',
      metadata: { order: '1' },
      phases: [
        { items: [{ price: on.basic.id, quantity: 2 }], duration: { interval: 'month', interval_count: 2 } },
        { items: [{ price: on.pro.id }], end_date: APRIL + DAY, metadata: { plan: 'pro' } },
      ],
      expand: ['subscription.latest_invoice'],
    });
    expect(schedule).toMatchObject({
      status: 'active',
      metadata: { order: '1' },
      subscription: {
        status: 'active',
        items: { data: [{ quantity: 2 }] },
        latest_invoice: { status: 'draft', amount_due: 2000 },
      },
    });
    expect(schedule.phases.map(span)).toEqual([
      [START, MARCH],
      [MARCH, APRIL + DAY],
    ]);
    await on.until(START + 2 * HOUR);
    const { data } = await on.stripe.invoices.list({ customer: on.customer });
    expect(data.map(({ status, amount_paid }) => [status, amount_paid])).toEqual([['paid', 2000]]);
    await on.until(MARCH + 2 * HOUR);
    const [subscription] = (await on.stripe.subscriptions.list({ customer: on.customer })).data;
    expect(subscription).toMatchObject({ metadata: { plan: 'pro' }, schedule: schedule.id });
  });

  test('in the future waits for its day', async () => {
    const on = await stage();
    const schedule = await on.stripe.subscriptionSchedules.create({
      customer: on.customer,
      start_date: FEBRUARY,
      phases: [{ items: [{ price: on.basic.id }] }],
    });
    expect(schedule).toMatchObject({ status: 'not_started', subscription: null, current_phase: null });
    await on.until(FEBRUARY - 1);
    expect((await on.stripe.subscriptions.list({ customer: on.customer })).data).toEqual([]);
    await on.until(FEBRUARY + 2 * HOUR);
    const [subscription] = (await on.stripe.subscriptions.list({ customer: on.customer })).data;
    expect(subscription).toMatchObject({ start_date: FEBRUARY, schedule: schedule.id, status: 'active' });
    expect(await on.stripe.subscriptionSchedules.retrieve(schedule.id)).toMatchObject({
      status: 'active',
      subscription: subscription?.id,
      current_phase: { start_date: FEBRUARY, end_date: MARCH },
    });
  });

  test('may begin with a trial, and with a discount', async () => {
    const on = await stage();
    const coupon = await on.stripe.coupons.create({ percent_off: 50, duration: 'forever' });
    await on.stripe.subscriptionSchedules.create({
      customer: on.customer,
      start_date: 'now',
      phases: [
        { items: [{ price: on.basic.id }], trial: true, duration: { interval: 'week' } },
        {
          items: [{ price: on.basic.id }],
          discounts: [{ coupon: coupon.id }],
          duration: { interval: 'month' },
        },
      ],
    });
    const [trial] = (await on.stripe.subscriptions.list({ customer: on.customer })).data;
    expect(trial).toMatchObject({ status: 'trialing', trial_end: START + 7 * DAY });
    await on.until(START + 7 * DAY + 2 * HOUR);
    const { data } = await on.stripe.invoices.list({ customer: on.customer });
    expect(data.map(({ total }) => total)).toEqual([500, 0]);
  });
});

test.each<[string, string, (price: string) => Stripe.SubscriptionScheduleCreateParams.Phase[]]>([
  [
    'a coupon that does not exist',
    'phases[0][discounts][0][coupon]',
    (price) => [{ items: [{ price }], discounts: [{ coupon: 'none' }] }],
  ],
  ['a price that does not exist', 'phases[0][items][0][price]', () => [{ items: [{ price: 'price_none' }] }]],
  [
    'a card of somebody else',
    'default_payment_method',
    (price) => [{ items: [{ price }], default_payment_method: 'pm_none' }],
  ],
  ['an end before its start', 'phases[0][end_date]', (price) => [{ items: [{ price }], end_date: START }]],
  ['no phases', 'phases', () => []],
])('a schedule with %s is refused, and nothing is kept', async (_name, param, phases) => {
  const on = await stage();
  const refused = on.stripe.subscriptionSchedules.create({
    customer: on.customer,
    start_date: 'now',
    phases: phases(on.basic.id),
  });
  expect(await refusal(refused)).toMatchObject({ statusCode: 400, param });
  expect((await on.stripe.subscriptionSchedules.list({ customer: on.customer })).data).toEqual([]);
  expect((await on.stripe.subscriptions.list({ customer: on.customer })).data).toEqual([]);
});

test('a phase that has become impossible lets the subscription go', async () => {
  const on = await stage();
  const coupon = await on.stripe.coupons.create({ percent_off: 50, duration: 'once' });
  const { subscription, schedule } = await upgrade(on, {
    phases: [
      { items: [{ price: on.basic.id }], start_date: START, end_date: FEBRUARY },
      { items: [{ price: on.pro.id }], discounts: [{ coupon: coupon.id }], duration: { interval: 'month' } },
    ],
  });
  await on.stripe.coupons.del(coupon.id);
  await on.until(FEBRUARY + 2 * HOUR);
  expect(await on.stripe.subscriptionSchedules.retrieve(schedule.id)).toMatchObject({ status: 'released' });
  const after = await on.stripe.subscriptions.retrieve(subscription.id);
  expect(after).toMatchObject({ status: 'active', schedule: null });
  expect(after.items.data[0]).toMatchObject({ price: { id: on.basic.id }, current_period_end: MARCH });
});

describe('changing a schedule', () => {
  test('keeps the start of the current phase, and wants one to count from', async () => {
    const on = await stage();
    const { schedule } = await upgrade(on);
    const update = (phase: Partial<Stripe.SubscriptionScheduleUpdateParams.Phase>) =>
      refusal(
        on.stripe.subscriptionSchedules.update(schedule.id, {
          phases: [{ items: [{ price: on.basic.id }], end_date: MARCH, ...phase }],
        }),
      );
    expect(await update({ start_date: START + DAY })).toMatchObject({
      statusCode: 400,
      message: 'You can not modify the start date of the current phase.',
    });
    expect(await update({})).toMatchObject({ statusCode: 400, param: 'phases' });
    expect(await update({ start_date: START, duration: { interval: 'month' } })).toMatchObject({
      statusCode: 400,
      param: 'phases[0][end_date]',
    });
  });

  test('in the current phase changes the subscription at once, with prorations', async () => {
    const on = await stage();
    const { subscription, schedule } = await upgrade(on);
    await on.until(START + 15.5 * DAY);
    await on.stripe.subscriptionSchedules.update(schedule.id, {
      proration_behavior: 'always_invoice',
      phases: [{ items: [{ price: on.pro.id }], start_date: START, end_date: FEBRUARY }],
    });
    const { items, latest_invoice } = await on.stripe.subscriptions.retrieve(subscription.id, {
      expand: ['latest_invoice'],
    });
    expect(items.data.map(({ price }) => price.id)).toEqual([on.pro.id]);
    expect(latest_invoice).toMatchObject({ billing_reason: 'subscription_update', total: 1000 });
  });

  test('lets a phase end now', async () => {
    const on = await stage();
    const { subscription, schedule } = await upgrade(on);
    await on.until(START + 5 * DAY);
    const updated = await on.stripe.subscriptionSchedules.update(schedule.id, {
      phases: [
        { items: [{ price: on.basic.id }], start_date: START, end_date: 'now' },
        { items: [{ price: on.pro.id }], duration: { interval: 'month' }, proration_behavior: 'none' },
      ],
    });
    expect(span(updated.current_phase)[0]).toBe(START + 5 * DAY);
    const { items } = await on.stripe.subscriptions.retrieve(subscription.id);
    expect(items.data.map(({ price }) => price.id)).toEqual([on.pro.id]);
  });

  test('directly on its subscription is not for cancellations', async () => {
    const on = await stage();
    const { subscription } = await upgrade(on);
    const update = on.stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true });
    expect(await refusal(update)).toMatchObject({ statusCode: 400, type: 'StripeInvalidRequestError' });
  });
});

describe('ending a schedule', () => {
  test('by release leaves the subscription, without the end that the schedule had set', async () => {
    const on = await stage();
    const { subscription, schedule } = await upgrade(on, { end_behavior: 'cancel' });
    expect(await on.stripe.subscriptionSchedules.release(schedule.id)).toMatchObject({
      status: 'released',
      released_at: START,
      released_subscription: subscription.id,
      subscription: null,
    });
    expect(await on.stripe.subscriptions.retrieve(subscription.id)).toMatchObject({
      schedule: null,
      cancel_at: null,
      status: 'active',
    });
    await on.until(FEBRUARY + 2 * HOUR);
    const { items } = await on.stripe.subscriptions.retrieve(subscription.id);
    expect(items.data.map(({ price }) => price.id)).toEqual([on.basic.id]);
    expect(await refusal(on.stripe.subscriptionSchedules.cancel(schedule.id))).toMatchObject({
      statusCode: 400,
    });
  });

  test('by cancel ends the subscription too', async () => {
    const on = await stage();
    const { subscription, schedule } = await upgrade(on);
    expect(
      await on.stripe.subscriptionSchedules.cancel(schedule.id, { invoice_now: false, prorate: false }),
    ).toMatchObject({ status: 'canceled', canceled_at: START, current_phase: null });
    expect(await on.stripe.subscriptions.retrieve(subscription.id)).toMatchObject({ status: 'canceled' });
    expect(await typesSince(on.stripe, 'subscription_schedule.canceled')).toContain(
      'customer.subscription.deleted',
    );
  });

  test('happens with the end of its subscription', async () => {
    const on = await stage();
    const { subscription, schedule } = await upgrade(on);
    await on.stripe.subscriptions.cancel(subscription.id);
    expect(await on.stripe.subscriptionSchedules.retrieve(schedule.id)).toMatchObject({ status: 'canceled' });
    await on.until(FEBRUARY + 2 * HOUR);
    expect(await on.stripe.subscriptions.retrieve(subscription.id)).toMatchObject({ status: 'canceled' });
  });

  test('is an abort when nobody pays', async () => {
    const on = await stage();
    const { schedule } = await upgrade(on, {
      phases: [
        { items: [{ price: on.basic.id }], start_date: START, end_date: FEBRUARY },
        { items: [{ price: on.pro.id }], duration: { interval: 'year' } },
      ],
    });
    const method = await on.stripe.paymentMethods.attach('pm_card_chargeCustomerFail', {
      customer: on.customer,
    });
    await on.stripe.customers.update(on.customer, {
      invoice_settings: { default_payment_method: method.id },
    });
    await on.until(FEBRUARY + 2 * HOUR);
    await on.until(MARCH + 20 * DAY);
    expect(await on.stripe.subscriptionSchedules.retrieve(schedule.id)).toMatchObject({ status: 'canceled' });
    const aborted = await on.stripe.events.list({ type: 'subscription_schedule.aborted' });
    expect(aborted.data).toHaveLength(1);
  });
});

test('schedules are listed by customer and by what became of them', async () => {
  const on = await stage();
  const { schedule } = await upgrade(on);
  const later = await on.stripe.subscriptionSchedules.create({
    customer: on.customer,
    start_date: MARCH,
    phases: [{ items: [{ price: on.basic.id }] }],
  });
  const ids = async (params: Stripe.SubscriptionScheduleListParams): Promise<string[]> =>
    (await on.stripe.subscriptionSchedules.list(params)).data.map(({ id }) => id);
  expect(await ids({})).toEqual([]);
  expect(await ids({ customer: on.customer })).toEqual([later.id, schedule.id]);
  expect(await ids({ customer: on.customer, scheduled: true })).toEqual([later.id]);
  await on.stripe.subscriptionSchedules.release(schedule.id);
  expect(await ids({ customer: on.customer, released_at: { gte: START } })).toEqual([schedule.id]);
  expect(await ids({ customer: on.customer, canceled_at: { gte: START } })).toEqual([]);
});
