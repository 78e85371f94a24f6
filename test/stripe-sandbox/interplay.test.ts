import type Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import { customerOnClock, customerWith, openInvoiceOf, payWith, typesDuring } from './billing-support.ts';
import { DAY, HOUR, NEW_YEAR, eventsOf, priceOf, refusal, sandbox, submit, typesOf } from './support.ts';

/** A customer on a test clock, and a monthly price of £24.90. */
async function stage(card?: string) {
  const { sandbox: started, stripe } = await sandbox();
  const { customer, pass } = await customerOnClock(stripe, card);
  return {
    sandbox: started,
    stripe,
    customer: customer.id,
    price: (await priceOf(stripe, 2490, 'month')).id,
    pass,
  };
}

/** Makes a bank account the customer's default method. */
async function payByDebit(stripe: Stripe, customer: string, account_number = '00012345'): Promise<void> {
  const { id } = await stripe.paymentMethods.create({
    type: 'bacs_debit',
    bacs_debit: { sort_code: '108800', account_number },
    billing_details: { address: { country: 'GB' }, email: 'jenny@example.com', name: 'Jenny' },
  });
  await payWith(stripe, customer, id);
}

test('a void invoice gives back what it had taken from the balance', async () => {
  const { stripe, customer, price } = await stage();
  await stripe.customers.update(customer, { balance: -1000 });
  const { latest_invoice } = await stripe.subscriptions.create({
    customer,
    items: [{ price }],
    payment_behavior: 'default_incomplete',
    expand: ['latest_invoice'],
  });
  expect(latest_invoice).toMatchObject({ amount_due: 1490, starting_balance: -1000, ending_balance: 0 });
  expect(await stripe.customers.retrieve(customer)).toMatchObject({ balance: 0 });
  const types = await typesDuring(stripe, () => stripe.invoices.voidInvoice(idOf(latest_invoice)));
  expect(types).toContain('customer.updated');
  expect(await stripe.customers.retrieve(customer)).toMatchObject({ balance: -1000 });
});

function idOf(object: string | { id: string } | null): string {
  return typeof object === 'string' ? object : (object?.id ?? '');
}

describe('while a bank debit is under way', () => {
  async function debited(account?: string) {
    const set = await stage();
    await payByDebit(set.stripe, set.customer, account);
    const subscription = await set.stripe.subscriptions.create({
      customer: set.customer,
      items: [{ price: set.price }],
    });
    return { ...set, subscription: subscription.id, invoice: idOf(subscription.latest_invoice) };
  }

  test('a subscription waits longer than 23 hours, and starts when the money arrives', async () => {
    const { stripe, subscription, pass } = await debited();
    await pass(3 * DAY);
    expect(await stripe.subscriptions.retrieve(subscription)).toMatchObject({ status: 'incomplete' });
    await pass(DAY);
    expect(await stripe.subscriptions.retrieve(subscription)).toMatchObject({ status: 'active' });
  });

  test('and comes back after these hours, the subscription has expired', async () => {
    const { stripe, subscription, invoice, pass } = await debited('22222227');
    await pass(4 * DAY);
    expect(await stripe.subscriptions.retrieve(subscription)).toMatchObject({ status: 'incomplete_expired' });
    expect(await stripe.invoices.retrieve(invoice)).toMatchObject({ status: 'void' });
  });

  test('its invoice is neither voided nor paid again in the portal', async () => {
    const { stripe, customer, invoice } = await debited();
    expect((await refusal(stripe.invoices.voidInvoice(invoice))).statusCode).toBe(400);
    await payWith(stripe, customer, 'pm_card_visa');
    const { url } = await stripe.billingPortal.sessions.create({ customer });
    expect((await submit(url, { action: 'pay_invoice', invoice })).status).toBe(400);
    expect((await stripe.charges.list({ customer })).data).toHaveLength(1);
  });

  test('the bank answers it even when the customer is gone', async () => {
    let now = NEW_YEAR;
    const { stripe } = await sandbox({ now: () => new Date(now * 1000) });
    const { id: customer } = await customerWith(stripe);
    await payByDebit(stripe, customer);
    const { id } = await openInvoiceOf(stripe, customer);
    await stripe.invoices.pay(id);
    await stripe.customers.del(customer);
    now += 4 * DAY;
    expect(await stripe.invoices.retrieve(id)).toMatchObject({ status: 'paid', amount_paid: 2500 });
  });
});

test('a deleted customer leaves no schedule that is still to start', async () => {
  const { stripe, customer, price } = await stage('pm_card_visa');
  const { id } = await stripe.subscriptionSchedules.create({
    customer,
    start_date: NEW_YEAR + DAY,
    phases: [{ items: [{ price }], duration: { interval: 'month', interval_count: 1 } }],
  });
  const types = await typesDuring(stripe, () => stripe.customers.del(customer));
  expect(types).toContain('subscription_schedule.canceled');
  expect(await stripe.subscriptionSchedules.retrieve(id)).toMatchObject({ status: 'canceled' });
});

describe('a schedule', () => {
  /** A subscription whose schedule has one phase, the present month. */
  async function scheduled(end_behavior: 'cancel' | 'release') {
    const set = await stage('pm_card_visa');
    const { stripe, customer } = set;
    const items = [{ price: set.price }];
    const { id } = await stripe.subscriptions.create({ customer, items });
    const made = await stripe.subscriptionSchedules.create({ from_subscription: id });
    const { start_date = 0, end_date = 0 } = made.phases[0] ?? {};
    const phases = [{ items, start_date, end_date }];
    const schedule = await stripe.subscriptionSchedules.update(made.id, { end_behavior, phases });
    return { ...set, id, schedule: schedule.id };
  }

  test('shows in the preview of a renewal what its next phase bills', async () => {
    const { stripe, id, price, schedule, pass } = await scheduled('release');
    const known = await stripe.subscriptionSchedules.retrieve(schedule);
    const { start_date = 0, end_date = 0 } = known.phases[0] ?? {};
    await stripe.subscriptionSchedules.update(schedule, {
      phases: [
        { items: [{ price }], start_date, end_date },
        { items: [{ price, quantity: 3 }], duration: { interval: 'month' } },
      ],
    });
    expect(await stripe.invoices.createPreview({ subscription: id })).toMatchObject({ total: 7470 });
    await pass(31 * DAY);
    const { latest_invoice } = await stripe.subscriptions.retrieve(id, { expand: ['latest_invoice'] });
    expect(latest_invoice).toMatchObject({ total: 7470 });
  });

  test('that ends its subscription bills what waits to be billed', async () => {
    const { stripe, customer, id, pass } = await scheduled('cancel');
    await stripe.invoiceItems.create({ customer, subscription: id, amount: 700, currency: 'gbp' });
    await pass(31 * DAY);
    const { latest_invoice, status } = await stripe.subscriptions.retrieve(id, {
      expand: ['latest_invoice'],
    });
    expect(status).toBe('canceled');
    expect(latest_invoice).toMatchObject({ total: 700 });
  });

  test('that is released takes back the end that it had planned', async () => {
    const { stripe, id, schedule } = await scheduled('cancel');
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ cancel_at: NEW_YEAR + 31 * DAY });
    await stripe.subscriptionSchedules.release(schedule);
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({
      cancel_at: null,
      cancel_at_period_end: false,
      canceled_at: null,
      cancellation_details: { reason: null },
    });
  });

  test('begins the cycle of a phase after a trial, and only when that phase begins', async () => {
    const { stripe, price, id, schedule, pass } = await scheduled('release');
    const known = await stripe.subscriptionSchedules.retrieve(schedule);
    const { start_date = 0, end_date = 0 } = known.phases[0] ?? {};
    const month = { interval: 'month', interval_count: 1 };
    const phases = (quantity: number): Stripe.SubscriptionScheduleUpdateParams.Phase[] => [
      { items: [{ price }], start_date, end_date },
      { items: [{ price }], duration: month, trial: true },
      { items: [{ price, quantity }], duration: month, billing_cycle_anchor: 'phase_start' },
    ];
    await stripe.subscriptionSchedules.update(schedule, { phases: phases(1) });
    await pass(31 * DAY);
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'trialing' });
    await pass(28 * DAY);
    const anchor = NEW_YEAR + 59 * DAY;
    const billed = { status: 'active', billing_cycle_anchor: anchor, latest_invoice: { total: 2490 } };
    expect(await stripe.subscriptions.retrieve(id, { expand: ['latest_invoice'] })).toMatchObject(billed);
    await pass(DAY);
    await stripe.subscriptionSchedules.update(schedule, { phases: phases(2) });
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({
      billing_cycle_anchor: anchor,
      items: { data: [{ quantity: 2 }] },
    });
  });

  test('of a period that is nearly over is told to expire now, not in the past', async () => {
    const { stripe, customer, price, pass } = await stage('pm_card_visa');
    const { id } = await stripe.subscriptions.create({ customer, items: [{ price }] });
    await pass(28 * DAY);
    await stripe.subscriptionSchedules.create({ from_subscription: id });
    await pass(HOUR);
    const told = (await eventsOf(stripe)).find(({ type }) => type === 'subscription_schedule.expiring');
    expect(told?.created).toBe(NEW_YEAR + 28 * DAY);
  });
});

describe('a paused subscription', () => {
  async function paused(params: Stripe.SubscriptionUpdateParams = {}) {
    const set = await stage('pm_card_visa');
    const { stripe, customer, price } = set;
    const { id } = await stripe.subscriptions.create({ customer, items: [{ price }], trial_period_days: 10 });
    await stripe.subscriptions.update(id, params);
    await set.pass(DAY);
    await stripe.subscriptions.pause(id, { type: 'subscription' });
    return { ...set, id };
  }

  test('says so no more when it has resumed, also in the event; its trial is over', async () => {
    const { stripe, id, pass } = await paused();
    await pass(DAY);
    const resumed = await stripe.subscriptions.resume(id);
    expect(resumed).toMatchObject({ status: 'active', trial_end: NEW_YEAR + 2 * DAY });
    expect(resumed).not.toHaveProperty('status_details');
    const told = (await eventsOf(stripe)).findLast(({ type }) => type === 'customer.subscription.updated');
    expect(told?.data.previous_attributes).toMatchObject({
      status: 'paused',
      status_details: { paused: { type: 'subscription' } },
    });
  });

  test('ends when it was to end, and a resumption moves the end with the period', async () => {
    const one = await paused({ cancel_at: NEW_YEAR + 5 * DAY });
    await one.pass(5 * DAY);
    const ended = await one.stripe.subscriptions.retrieve(one.id);
    expect(ended).toMatchObject({ status: 'canceled', ended_at: NEW_YEAR + 5 * DAY });
    expect(ended).not.toHaveProperty('status_details');

    const other = await paused({ cancel_at_period_end: true });
    const { items, cancel_at } = await other.stripe.subscriptions.resume(other.id);
    expect(cancel_at).toBe(items.data[0]?.current_period_end);
  });

  test('begins neither a trial nor a billing cycle, and a trial no billing cycle before its end', async () => {
    const { stripe, id, customer, price } = await paused();
    const anchored = { billing_cycle_anchor: { type: 'now' } } as const;
    expect((await refusal(stripe.subscriptions.update(id, anchored))).statusCode).toBe(400);
    const trial = await stripe.subscriptions.create({ customer, items: [{ price }], trial_period_days: 9 });
    expect(await refusal(stripe.subscriptions.update(trial.id, anchored))).toMatchObject({
      statusCode: 400,
      code: 'subscription_update_trial_after_billing_cycle_anchor',
    });
  });
});

test('a trial whose invoice was not paid goes on when it is', async () => {
  const { stripe, customer, price } = await stage('pm_card_chargeCustomerFail');
  const { id } = await stripe.subscriptions.create({ customer, items: [{ price }], trial_period_days: 9 });
  const extra = (await priceOf(stripe, 500)).id;
  const late = await stripe.subscriptions.update(id, {
    add_invoice_items: [{ price: extra }],
    proration_behavior: 'always_invoice',
  });
  expect(late.status).toBe('past_due');
  await payWith(stripe, customer, 'pm_card_visa');
  await stripe.invoices.pay(idOf(late.latest_invoice));
  expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'trialing' });
});

test('a refund tells that it is pending no more', async () => {
  const { sandbox: started, stripe, customer } = await stage('pm_card_pendingRefund');
  const invoice = await stripe.invoices.create({ customer });
  await stripe.invoiceItems.create({ customer, invoice: invoice.id, amount: 500, currency: 'gbp' });
  await stripe.invoices.pay(invoice.id);
  const [charge] = (await stripe.charges.list({ customer })).data;
  const refund = await stripe.refunds.create({ charge: charge?.id ?? '' });
  expect(refund).toMatchObject({ status: 'pending', pending_reason: 'processing' });
  await fetch(`${started.url}/_sandbox/refunds/${refund.id}/settle`, { method: 'POST' });
  const told = (await eventsOf(stripe)).find(({ type }) => type === 'refund.updated');
  expect(told?.data.previous_attributes).toMatchObject({ pending_reason: 'processing', status: 'pending' });
});

test('the card that pays the invoice of a deleted customer is not saved', async () => {
  const { stripe, customer, price } = await stage();
  const { latest_invoice } = await stripe.subscriptions.create({
    customer,
    items: [{ price }],
    payment_behavior: 'default_incomplete',
    expand: ['latest_invoice.payments'],
  });
  await stripe.customers.del(customer);
  const page = typeof latest_invoice === 'object' ? (latest_invoice?.hosted_invoice_url ?? null) : null;
  const paid = await submit(page, {
    action: 'pay',
    card_number: '4242424242424242',
    exp: '12/40',
    cvc: '123',
  });
  expect(paid.status).toBe(303);
  const types = await typesOf(stripe);
  expect(types).toContain('invoice.paid');
  expect(types).not.toContain('payment_method.attached');
});

test('a trial that is longer than a billing cycle is one period, also across its boundaries', async () => {
  const { stripe, customer, price, pass } = await stage('pm_card_visa');
  const trial = await stripe.subscriptions.create({ customer, items: [{ price }], trial_period_days: 65 });
  const until = NEW_YEAR + 65 * DAY;
  expect(trial.items.data[0]).toMatchObject({ current_period_start: NEW_YEAR, current_period_end: until });
  await pass(50 * DAY);
  expect(await stripe.subscriptions.retrieve(trial.id)).toMatchObject({
    status: 'trialing',
    latest_invoice: trial.latest_invoice,
  });
  await pass(15 * DAY);
  expect(await stripe.subscriptions.retrieve(trial.id)).toMatchObject({ status: 'active' });
});
