import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { balanceOf, processed, stripeOf } from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { ask, subscriber, subscriptionRow, type Subscriber } from '../support/subscriber.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker();
  await syncToStripe(worker);
});
afterEach(() => {
  worker.gateway.setFault(undefined);
  worker.stripe.setFault(undefined);
});
afterAll(() => worker.stop());

const subscribe = (plan: string) => subscriber(worker, plan);
const change = (customer: Subscriber, body: object, key?: string) =>
  ask(worker, customer, 'change-plan', body, key);
const preview = (customer: Subscriber, body: object) => ask(worker, customer, 'change-plan/preview', body);

/** The invoices of a subscription, newest first. */
async function invoicesOf({ subscriptionId }: Subscriber) {
  return (await stripeOf(worker).invoices.list({ subscription: subscriptionId, limit: 100 })).data;
}

async function atStripe({ subscriptionId }: Subscriber) {
  return stripeOf(worker).subscriptions.retrieve(subscriptionId);
}

const row = ({ subscriptionId }: Subscriber) => subscriptionRow(worker, subscriptionId);

/** Lets the bank decline the customer's next payments. */
async function decline(customer: Subscriber, times: number): Promise<void> {
  const { customer: stripeCustomer } = await atStripe(customer);
  await fetch(`${worker.stripe.url}/_sandbox/customers/${String(stripeCustomer)}/fail-next`, {
    method: 'POST',
    body: new URLSearchParams({ times: String(times), decline_code: 'insufficient_funds' }),
  });
}

async function priceOf(plan: string): Promise<string> {
  const { json } = await worker.request('/payment/plans');
  return json.plans[plan].price_id;
}

describe('an upgrade', () => {
  test('charges and grants at once exactly what its preview told', async () => {
    const customer = await subscribe('starter_monthly');
    await worker.advance('day');
    const { status, json } = await preview(customer, { plan: 'business_monthly' });
    expect(status).toBe(200);
    const { proration_date, amount_due, credits_now, ...told } = json.preview;
    expect(told).toEqual({
      plan: 'business_monthly',
      effective: 'now',
      effective_at: proration_date,
      price_id: await priceOf('business_monthly'),
      currency: 'GBP',
      next_amount: 499,
      credits_per_month: 6000,
    });
    const [item] = (await atStripe(customer)).items.data;
    const [start, end] = [item?.current_period_start ?? 0, item?.current_period_end ?? 0];
    const left = (end - Date.parse(proration_date) / 1000) / (end - start);
    expect(credits_now).toBe(Math.round(5500 * left));
    expect(Math.abs(amount_due - 400 * left)).toBeLessThanOrEqual(1);

    await worker.advance(new Date(Date.parse(proration_date) + 3_000_000));
    const changed = await change(customer, { plan: 'business_monthly', proration_date });
    expect(changed.status, changed.text).toBe(200);
    expect(changed.json.change).toMatchObject({ plan: 'business_monthly', effective: 'now' });
    expect(changed.json.subscription).toMatchObject({ plan: 'business_monthly', next_plan: null });
    expect(await row(customer)).toMatchObject({ plan_key: 'business_monthly' });
    const [invoice] = await invoicesOf(customer);
    expect(invoice).toMatchObject({ status: 'paid', amount_paid: amount_due });
    await processed(worker);
    expect(await balanceOf(worker, customer)).toBe(500 + credits_now);
  });

  test('to a year of as many credits begins the year now, less what is left of the month', async () => {
    const customer = await subscribe('starter_monthly');
    const { json } = await preview(customer, { plan: 'starter_annual' });
    expect(json.preview).toMatchObject({ effective: 'now', next_amount: 990, credits_per_month: 500 });
    const { proration_date, amount_due, credits_now } = json.preview;
    expect((await change(customer, { plan: 'starter_annual', proration_date })).status).toBe(200);
    expect((await invoicesOf(customer))[0]).toMatchObject({ status: 'paid', amount_paid: amount_due });
    await processed(worker);
    expect(await balanceOf(worker, customer)).toBe(500 + credits_now);
    const [item] = (await atStripe(customer)).items.data;
    expect((item?.current_period_end ?? 0) - (item?.current_period_start ?? 0)).toBeGreaterThan(360 * 86_400);
  });

  test('that cannot be charged changes nothing, a scheduled change included', async () => {
    const customer = await subscribe('professional_monthly');
    await change(customer, { plan: 'starter_monthly' });
    await processed(worker);
    const before = { row: await row(customer), invoices: (await invoicesOf(customer)).length };
    await decline(customer, 1);
    const { status, json } = await change(customer, { plan: 'business_monthly' });
    expect([status, json.code, json.decline_code]).toEqual([402, 'payment_failed', 'insufficient_funds']);
    await processed(worker);
    expect(await row(customer)).toEqual(before.row);
    expect(before.row?.next_plan).toBe('starter_monthly');
    expect(await invoicesOf(customer)).toHaveLength(before.invoices);
    expect(await balanceOf(worker, customer)).toBe(2000);
    await decline(customer, 0);
    const retried = await change(customer, { plan: 'business_monthly' });
    expect(retried.status, retried.text).toBe(200);
    expect(await row(customer)).toMatchObject({ plan_key: 'business_monthly', next_plan: null });
  });

  test('of somebody without a payment method says so', async () => {
    const customer = await subscribe('starter_monthly');
    const { default_payment_method: method } = await atStripe(customer);
    await stripeOf(worker).paymentMethods.detach(String(method));
    const { status, json } = await change(customer, { plan: 'business_monthly' });
    expect([status, json.code, json.decline_code]).toEqual([402, 'payment_failed', 'payment_method_missing']);
    expect(await row(customer)).toMatchObject({ plan_key: 'starter_monthly' });
  });

  test('in a trial takes effect at once, and costs nothing', async () => {
    const customer = await subscribe('starter_monthly');
    await stripeOf(worker).subscriptions.update(customer.subscriptionId, {
      trial_end: Math.floor(Date.now() / 1000) + 40 * 86_400,
      proration_behavior: 'none',
    });
    const invoices = await invoicesOf(customer);
    for (const [plan, amount] of [
      ['business_monthly', 499],
      ['professional_monthly', 249],
    ] as const) {
      const { json } = await preview(customer, { plan });
      expect(json.preview).toMatchObject({
        effective: 'now',
        proration_date: null,
        amount_due: 0,
        next_amount: amount,
        credits_now: 0,
      });
      expect((await change(customer, { plan })).json.subscription).toMatchObject({
        plan,
        status: 'trialing',
      });
    }
    const charged = (await invoicesOf(customer)).filter(({ id }) => !invoices.some((old) => old.id === id));
    expect(charged.reduce((sum, { amount_due }) => sum + amount_due, 0)).toBe(0);
  });
});

describe('a downgrade', () => {
  test('waits for the renewal, which bills and grants the new plan', async () => {
    const customer = await subscribe('professional_monthly');
    const [item] = (await atStripe(customer)).items.data;
    const renewsAt = new Date((item?.current_period_end ?? 0) * 1000).toISOString();
    const { json } = await preview(customer, { plan: 'starter_monthly' });
    expect(json.preview).toEqual({
      plan: 'starter_monthly',
      effective: 'at_renewal',
      effective_at: renewsAt,
      proration_date: null,
      amount_due: 0,
      currency: 'GBP',
      next_amount: 99,
      credits_now: 0,
      credits_per_month: 500,
      price_id: await priceOf('starter_monthly'),
    });
    const changed = await change(customer, { plan: 'starter_monthly' });
    expect(changed.json.change).toMatchObject({ effective: 'at_renewal', effective_at: renewsAt });
    expect(changed.json.subscription).toMatchObject({
      plan: 'professional_monthly',
      next_plan: 'starter_monthly',
      next_plan_at: renewsAt,
    });
    expect(await invoicesOf(customer)).toHaveLength(1);
    expect(await balanceOf(worker, customer)).toBe(2000);
    await worker.advance('month');
    expect(await row(customer)).toMatchObject({ plan_key: 'starter_monthly', next_plan: null });
    expect((await invoicesOf(customer))[0]).toMatchObject({ status: 'paid', amount_paid: 99 });
    // Of 2000 credits the new plan lets 250 roll over.
    expect(await balanceOf(worker, customer)).toBe(250 + 500);
    // The schedule still holds the subscription then, and stands in the way of nothing.
    expect((await ask(worker, customer, 'cancel-subscription')).status).toBe(200);
    expect(await row(customer)).toMatchObject({ cancel_at_period_end: true, stripe_schedule_id: null });
  });

  test('from a year to months waits for the end of the year', async () => {
    const customer = await subscribe('professional_annual');
    const { json } = await change(customer, { plan: 'enterprise' });
    expect(json.change).toMatchObject({ effective: 'at_renewal' });
    expect(json.subscription).toMatchObject({ plan: 'professional_annual', next_plan: 'enterprise' });
  });

  test('keeps the subscription’s discounts', async () => {
    const customer = await subscribe('business_monthly');
    const coupon = await stripeOf(worker).coupons.create({ percent_off: 50, duration: 'forever' });
    const discounts = [{ coupon: coupon.id }];
    await stripeOf(worker).subscriptions.update(customer.subscriptionId, { discounts });
    expect((await preview(customer, { plan: 'starter_monthly' })).json.preview.next_amount).toBe(49);
    await change(customer, { plan: 'professional_monthly' });
    const { json } = await preview(customer, { plan: 'starter_monthly' });
    expect(json.preview).toMatchObject({ effective: 'at_renewal', next_amount: 49 });
    await change(customer, { plan: 'starter_monthly' });
    expect((await atStripe(customer)).discounts).toHaveLength(1);
    await worker.advance('month');
    expect((await invoicesOf(customer))[0]).toMatchObject({ amount_paid: 49 });
  });

  test('is replaced by another, dropped by the present plan, and gives way to an upgrade', async () => {
    const customer = await subscribe('business_monthly');
    await change(customer, { plan: 'starter_monthly' });
    await change(customer, { plan: 'professional_monthly' });
    expect(await row(customer)).toMatchObject({ next_plan: 'professional_monthly' });
    const { json } = await preview(customer, { plan: 'business_monthly' });
    expect(json.preview).toMatchObject({
      effective: 'now',
      amount_due: 0,
      credits_now: 0,
      next_amount: 499,
    });
    const kept = await change(customer, { plan: 'business_monthly' });
    expect(kept.json.subscription).toMatchObject({ plan: 'business_monthly', next_plan: null });
    expect(await row(customer)).toMatchObject({ next_plan: null, stripe_schedule_id: null });
    const refused = await change(customer, { plan: 'business_monthly' });
    expect([refused.status, refused.json.code]).toEqual([409, 'already_on_plan']);

    await change(customer, { plan: 'professional_monthly' });
    const upgraded = await preview(customer, { plan: 'enterprise' });
    expect(upgraded.json.preview).toMatchObject({ effective: 'now', next_amount: 999 });
    await change(customer, {
      plan: 'enterprise',
      proration_date: upgraded.json.preview.proration_date,
    });
    expect(await row(customer)).toMatchObject({ plan_key: 'enterprise', next_plan: null });
    expect((await invoicesOf(customer))[0]).toMatchObject({
      status: 'paid',
      amount_paid: upgraded.json.preview.amount_due,
    });
    await processed(worker);
    expect(await balanceOf(worker, customer)).toBe(6000 + upgraded.json.preview.credits_now);
    expect((await atStripe(customer)).schedule).toBeNull();
  });

  test('is dropped by a cancellation', async () => {
    const customer = await subscribe('business_monthly');
    await change(customer, { plan: 'starter_monthly' });
    const { json } = await ask(worker, customer, 'cancel-subscription');
    expect(json.subscription).toMatchObject({ cancel_at_period_end: true, next_plan: null });
    expect((await atStripe(customer)).schedule).toBeNull();
  });
});

test('upgrade, downgrade and upgrade again leave what was paid for', async () => {
  const customer = await subscribe('starter_monthly');
  const first = await preview(customer, { plan: 'professional_monthly' });
  const { proration_date } = first.json.preview;
  await change(customer, { plan: 'professional_monthly', proration_date });
  await change(customer, { plan: 'starter_monthly' });
  expect(await row(customer)).toMatchObject({
    plan_key: 'professional_monthly',
    next_plan: 'starter_monthly',
  });
  const second = await preview(customer, { plan: 'business_monthly' });
  await change(customer, { plan: 'business_monthly', proration_date: second.json.preview.proration_date });
  await processed(worker);
  const paid = (await invoicesOf(customer)).reduce((sum, { amount_paid }) => sum + amount_paid, 0);
  expect(paid).toBe(99 + first.json.preview.amount_due + second.json.preview.amount_due);
  const granted = first.json.preview.credits_now + second.json.preview.credits_now;
  expect(await balanceOf(worker, customer)).toBe(500 + granted);
});
