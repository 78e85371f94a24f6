import type Stripe from 'stripe';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { expectSoundLedger } from '../support/ledger.ts';
import { balanceOf, processed, stripeOf, type Buyer } from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { newClockSubscriber, type ClockSubscriber } from '../support/clock-subscriber.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

/**
 * Whole lives of subscriptions. Stripe's time passes on test clocks, in a year to come, while the Worker's stands in
 * the present: where an expiry or a month of a year is due, the ledger is told the instant.
 */

let worker: TestWorker;
let stripe: Stripe;

beforeAll(async () => {
  worker = await startWorker();
  await syncToStripe(worker);
  stripe = stripeOf(worker);
});
beforeEach(() => listen(true));
afterAll(async () => {
  await processed(worker);
  await expectSoundLedger(worker.database.query);
  await worker.stop();
});

/** Whether the Worker hears of what happens at Stripe. */
function listen(isHeard: boolean): void {
  worker.stripe.setWebhookEndpoint(isHeard ? { url: `${worker.url}/payment/webhook` } : undefined);
}

async function spend(buyer: Buyer, amount: number): Promise<void> {
  const { status, text } = await worker.request('/credits/spend', { token: buyer.token, body: { amount } });
  if (status !== 200) throw new Error(`not spent: ${status} ${text}`);
}

/** Credits that are no plan's. */
async function give(
  customer: ClockSubscriber,
  kind: 'promotional' | 'purchased',
  credits: number,
): Promise<void> {
  await worker.database.query(
    `select grant_credits($1, $2, $3, 'admin', gen_random_uuid()::text, 'admin_grant', null, null, null, null, 'A gift',
       null, null, 'test', now())`,
    [customer.customerId, credits, kind],
  );
}

/** Ends everything whose time is over at an instant. */
async function expireAt(instant: string): Promise<void> {
  await worker.database.query('select expire_credits(1000, $1)', [instant]);
}

/** Grants the months of this customer's years that have begun at an instant. */
async function monthsAt(customer: ClockSubscriber, instant: string): Promise<void> {
  await worker.database.query(
    'select grant_plan_months(id, $2) from grant_schedules where customer_id = $1',
    [customer.customerId, instant],
  );
}

/** What moved, oldest first: `[type, amount]`. */
async function ledgerOf(customer: ClockSubscriber): Promise<unknown[]> {
  const rows = await worker.database.query<{ type: string; amount: number }>(
    `select transaction_type as type, amount::int from credit_transactions where customer_id = $1 order by sequence`,
    [customer.customerId],
  );
  return rows.map(({ type, amount }) => [type, amount]);
}

/** The lots that have something left: `[source, remaining, expiry]`. */
async function lotsOf(customer: ClockSubscriber): Promise<unknown[]> {
  const rows = await worker.database.query<{ source: string; remaining: number; expires_at: Date | null }>(
    `select source, remaining::int, expires_at from credit_lots where customer_id = $1 and is_open
     order by expires_at nulls last, source, remaining`,
    [customer.customerId],
  );
  return rows.map(({ source, remaining, expires_at }) => [
    source,
    remaining,
    expires_at?.toISOString() ?? null,
  ]);
}

const debtOf = async (customer: ClockSubscriber): Promise<number> => {
  const [row] = await worker.database.query<{ debt: number }>(
    'select debt::int from credit_accounts where customer_id = $1',
    [customer.customerId],
  );
  return row?.debt ?? 0;
};

describe('renewals', () => {
  test('grant each month once, and of what is left as much rolls over as the plan allows', async () => {
    const customer = await newClockSubscriber(worker, '2027-01-31T10:00:00Z');
    await customer.subscribe('starter_monthly');
    await give(customer, 'purchased', 40);
    await give(customer, 'promotional', 7);
    await spend(customer, 400);
    expect(await balanceOf(worker, customer)).toBe(147);

    await customer.passTo('2027-02-28T12:00:00Z');
    expect(await balanceOf(worker, customer)).toBe(647);
    await customer.passTo('2027-03-31T12:00:00Z');
    // 600 of the plan were left: 250 roll over.
    expect(await balanceOf(worker, customer)).toBe(797);
    await spend(customer, 749);
    await customer.passTo('2027-04-30T12:00:00Z');
    expect(await balanceOf(worker, customer)).toBe(548);
    expect(await ledgerOf(customer)).toEqual([
      ['subscription_grant', 500],
      ['admin_grant', 40],
      ['admin_grant', 7],
      ['spend', -400],
      ['subscription_grant', 500],
      ['subscription_grant', 500],
      ['expiry', -350],
      ['spend', -749],
      ['subscription_grant', 500],
    ]);
    // What rolled over stays as long as the month that it rolled into.
    expect(await lotsOf(customer)).toEqual([
      ['invoice_line', 1, '2027-05-31T10:00:00.000Z'],
      ['invoice_line', 500, '2027-05-31T10:00:00.000Z'],
      ['admin', 7, null],
      ['admin', 40, null],
    ]);
  });

  test.each([
    [0, 500],
    [null, 2000],
    [700, 1200],
  ])('with a cap of %s, unspent months come to %i after three renewals', async (cap, balance) => {
    const plan = `capped_${String(cap)}`;
    await newPlan(plan, { cap });
    const customer = await newClockSubscriber(worker, '2027-01-01T00:00:00Z');
    await customer.subscribe(plan);
    await customer.passTo('2027-04-02T00:00:00Z');
    expect(await balanceOf(worker, customer)).toBe(balance);
  });

  test('of which the second is known last come out the same', async () => {
    const orders = [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ];
    const books = [];
    for (const order of orders) {
      const customer = await newClockSubscriber(worker, '2027-01-01T00:00:00Z');
      listen(false);
      await customer.subscribe('starter_monthly');
      await customer.passTo('2027-03-02T00:00:00Z');
      listen(true);
      const invoices = (
        await stripe.invoices.list({ customer: customer.stripeCustomerId })
      ).data.toReversed();
      for (const position of order) await resend(invoices[position]?.id ?? '');
      books.push(await lotsOf(customer));
    }
    expect(new Set(books.map((lots) => JSON.stringify(lots))).size).toBe(1);
    expect(books[0]).toEqual([
      ['invoice_line', 250, '2027-04-01T00:00:00.000Z'],
      ['invoice_line', 500, '2027-04-01T00:00:00.000Z'],
    ]);
  });

  test('grant when nothing had to be paid: the balance at Stripe or a coupon took it all', async () => {
    const customer = await newClockSubscriber(worker, '2027-01-01T00:00:00Z');
    const subscription = await customer.subscribe('business_monthly');
    await customer.change(subscription, 'starter_monthly', { proration_behavior: 'always_invoice' });
    expect(await balanceOf(worker, customer)).toBe(500);
    await customer.passTo('2027-02-02T00:00:00Z');
    const coupon = await stripe.coupons.create({ percent_off: 100, duration: 'once' });
    await stripe.subscriptions.update(subscription.id, { discounts: [{ coupon: coupon.id }] });
    await customer.passTo('2027-03-02T00:00:00Z');
    const invoices = (await stripe.invoices.list({ customer: customer.stripeCustomerId })).data;
    expect(invoices.map(({ total, amount_paid }) => [total, amount_paid])).toEqual([
      [0, 0],
      [99, 0],
      [-400, 0],
      [499, 499],
    ]);
    expect((await ledgerOf(customer)).filter((entry) => String(entry).startsWith('sub'))).toHaveLength(3);
  });

  test('that are paid late, after the subscription ended, grant for their own month', async () => {
    const customer = await newClockSubscriber(worker, '2027-01-01T00:00:00Z');
    const subscription = await customer.subscribe('starter_monthly');
    await spend(customer, 500);
    const pressed = `${worker.stripe.url}/_sandbox/customers/${customer.stripeCustomerId}/fail-next`;
    await fetch(pressed, { method: 'POST', body: new URLSearchParams({ times: '1' }) });
    await customer.passTo('2027-02-02T00:00:00Z');
    expect(await balanceOf(worker, customer)).toBe(0);
    const [open] = (await stripe.invoices.list({ customer: customer.stripeCustomerId, status: 'open' })).data;
    await stripe.subscriptions.cancel(subscription.id);
    await stripe.invoices.pay(open?.id ?? '');
    await processed(worker);
    expect(await lotsOf(customer)).toEqual([['invoice_line', 500, '2027-03-01T00:00:00.000Z']]);
    await expireAt('2027-03-01T00:00:00Z');
    expect(await balanceOf(worker, customer)).toBe(0);
  });
});

interface NewPlan {
  readonly cap?: number | null;
  readonly trialCredits?: number;
}

async function newPlan(key: string, { cap = 250, trialCredits = 0 }: NewPlan): Promise<void> {
  await worker.database.query(
    `insert into subscription_plans (plan_key, name, interval, rollover_cap, trial_credits) values ($1, $1, 'month', $2, $3)`,
    [key, cap, trialCredits],
  );
  await worker.database.query(
    `select publish_offer(gen_random_uuid(), (select id from subscription_plans where plan_key = $1), null, 'GBP', 99, 500,
       null, null, now(), 'test', null)`,
    [key],
  );
  await syncToStripe(worker);
}

/** Has the Worker told again that an invoice was paid, and waits for what it makes of it. */
async function resend(invoice: string): Promise<void> {
  const { data } = await stripe.events.list({ type: 'invoice.paid', limit: 100 });
  const event = data.find((one) => 'id' in one.data.object && one.data.object.id === invoice);
  const url = `${worker.stripe.url}/_sandbox/events/${event?.id}/resend`;
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams() });
  if (!response.ok) throw new Error(`not sent: ${response.status} ${await response.text()}`);
  await processed(worker);
}

describe('a trial', () => {
  test('grants nothing of a plan whose trials grant nothing, and the plan’s credits once it is paid', async () => {
    const customer = await newClockSubscriber(worker, '2027-01-01T00:00:00Z');
    await customer.subscribe('starter_monthly', { trial_period_days: 14 });
    expect(await ledgerOf(customer)).toEqual([]);
    await customer.passTo('2027-01-16T00:00:00Z');
    expect(await lotsOf(customer)).toEqual([['invoice_line', 500, '2027-02-15T00:00:00.000Z']]);
  });

  test('grants what the plan gives for it until it ends; what is left rolls over into the first month', async () => {
    await newPlan('tried', { cap: 20, trialCredits: 30 });
    const customer = await newClockSubscriber(worker, '2027-01-01T00:00:00Z');
    await customer.subscribe('tried', { trial_period_days: 14 });
    expect(await lotsOf(customer)).toEqual([['invoice_line', 30, '2027-01-15T00:00:00.000Z']]);
    await customer.passTo('2027-01-16T00:00:00Z');
    expect(await ledgerOf(customer)).toEqual([
      ['trial_grant', 30],
      ['subscription_grant', 500],
      ['expiry', -10],
    ]);
    expect(await lotsOf(customer)).toEqual([
      ['invoice_line', 20, '2027-02-15T00:00:00.000Z'],
      ['invoice_line', 500, '2027-02-15T00:00:00.000Z'],
    ]);
  });

  test('that is canceled leaves its credits until it would have ended', async () => {
    await newPlan('tried_and_left', { trialCredits: 30 });
    const customer = await newClockSubscriber(worker, '2027-01-01T00:00:00Z');
    const subscription = await customer.subscribe('tried_and_left', { trial_period_days: 14 });
    await stripe.subscriptions.cancel(subscription.id);
    await processed(worker);
    await expireAt('2027-01-14T23:59:59Z');
    expect(await balanceOf(worker, customer)).toBe(30);
    await expireAt('2027-01-15T00:00:00Z');
    expect(await balanceOf(worker, customer)).toBe(0);
  });
});

describe('a plan change', () => {
  test('upwards that is paid at once grants the difference for the rest of the month at once', async () => {
    const customer = await newClockSubscriber(worker, '2027-01-31T00:00:00Z');
    const subscription = await customer.subscribe('starter_monthly');
    await spend(customer, 100);
    await customer.passTo('2027-02-14T00:00:00Z');
    await customer.change(subscription, 'professional_monthly', { proration_behavior: 'always_invoice' });
    expect(await lotsOf(customer)).toEqual([
      ['invoice_line', 400, '2027-02-28T00:00:00.000Z'],
      ['invoice_proration', 750, '2027-02-28T00:00:00.000Z'],
    ]);
    await customer.passTo('2027-02-28T02:00:00Z');
    // The bigger plan's cap, 1000, is what counts now.
    expect(await balanceOf(worker, customer)).toBe(1000 + 2000);
    expect(await ledgerOf(customer)).toEqual([
      ['subscription_grant', 500],
      ['spend', -100],
      ['plan_change', 750],
      ['subscription_grant', 2000],
      ['expiry', -150],
    ]);
  });

  test('upwards that is paid with the next month grants the difference then', async () => {
    const customer = await newClockSubscriber(worker, '2027-04-01T00:00:00Z');
    const subscription = await customer.subscribe('starter_monthly');
    await customer.passTo('2027-04-16T00:00:00Z');
    await customer.change(subscription, 'professional_monthly', { proration_behavior: 'create_prorations' });
    expect(await balanceOf(worker, customer)).toBe(500);
    await customer.passTo('2027-05-01T02:00:00Z');
    expect(await lotsOf(customer)).toEqual([
      ['invoice_line', 500, '2027-06-01T00:00:00.000Z'],
      ['invoice_line', 2000, '2027-06-01T00:00:00.000Z'],
      ['invoice_proration', 750, '2027-06-01T00:00:00.000Z'],
    ]);
  });

  test('downwards at once takes back what the customer’s balance at Stripe got for it, and what is spent is debt', async () => {
    const customer = await newClockSubscriber(worker, '2027-04-01T00:00:00Z');
    const subscription = await customer.subscribe('professional_monthly');
    await give(customer, 'purchased', 100);
    await spend(customer, 1900);
    await customer.passTo('2027-04-16T00:00:00Z');
    await customer.change(subscription, 'starter_monthly', { proration_behavior: 'always_invoice' });
    expect(await ledgerOf(customer)).toEqual([
      ['subscription_grant', 2000],
      ['admin_grant', 100],
      ['spend', -1900],
      ['clawback', -750],
    ]);
    expect(await debtOf(customer)).toBe(550);
    await customer.passTo('2027-05-01T02:00:00Z');
    const [renewal] = (await stripe.invoices.list({ customer: customer.stripeCustomerId })).data;
    expect(renewal).toMatchObject({ billing_reason: 'subscription_cycle', total: 99 });
    // 500 repay as much of the debt.
    expect({ balance: await balanceOf(worker, customer), debt: await debtOf(customer) }).toEqual({
      balance: -50,
      debt: 50,
    });
  });

  test('downwards that is settled with the next month takes from the month that was, not from the new one', async () => {
    await newPlan('no_rollover', { cap: 0 });
    const customer = await newClockSubscriber(worker, '2027-04-01T00:00:00Z');
    const subscription = await customer.subscribe('professional_monthly');
    await customer.passTo('2027-04-16T00:00:00Z');
    await customer.change(subscription, 'no_rollover', { proration_behavior: 'create_prorations' });
    await customer.passTo('2027-05-01T02:00:00Z');
    expect(await ledgerOf(customer)).toEqual([
      ['subscription_grant', 2000],
      ['clawback', -750],
      ['subscription_grant', 500],
      ['expiry', -1250],
    ]);
  });

  test('up and down within a month leaves what was paid for', async () => {
    const customer = await newClockSubscriber(worker, '2027-04-01T00:00:00Z');
    const subscription = await customer.subscribe('starter_monthly');
    const now = { proration_behavior: 'always_invoice' } as const;
    await customer.passTo('2027-04-11T00:00:00Z');
    const bigger = await customer.change(subscription, 'professional_monthly', now);
    const smaller = await customer.change(bigger, 'starter_monthly', now);
    expect(await balanceOf(worker, customer)).toBe(500);
    await customer.change(smaller, 'professional_monthly', now);
    await customer.passTo('2027-04-21T00:00:00Z');
    await customer.change(smaller, 'starter_monthly', now);
    expect(await balanceOf(worker, customer)).toBe(500 + 1000 - 500);
  });

  test('of which both events tell, many times, has one effect', async () => {
    const customer = await newClockSubscriber(worker, '2027-04-01T00:00:00Z');
    const subscription = await customer.subscribe('professional_annual');
    await customer.passTo('2027-04-16T00:00:00Z');
    const now = { proration_behavior: 'always_invoice' } as const;
    await customer.change(subscription, 'starter_annual', now);
    const invoices = (await stripe.invoices.list({ customer: customer.stripeCustomerId })).data;
    const before = await ledgerOf(customer);
    for (const { id } of invoices) await resend(id ?? '');
    expect(await ledgerOf(customer)).toEqual(before);
    expect(before).toEqual([
      ['subscription_grant', 2000],
      ['clawback', -750],
    ]);
  });
});

describe('a yearly plan', () => {
  test('grants month by month, with rollover, and what is left at the end of a canceled year expires', async () => {
    const customer = await newClockSubscriber(worker, '2027-01-31T00:00:00Z');
    await customer.subscribe('starter_annual', { cancel_at_period_end: true });
    await monthsAt(customer, '2027-02-27T23:59:59Z');
    await expireAt('2027-02-27T23:59:59Z');
    expect(await lotsOf(customer)).toEqual([['invoice_line', 500, '2027-02-28T00:00:00.000Z']]);
    // The job that grants may come after the one that expires: what waits for its renewal waits.
    await expireAt('2027-02-28T00:00:00Z');
    await monthsAt(customer, '2027-02-28T00:00:00Z');
    await monthsAt(customer, '2027-02-28T00:01:00Z');
    expect(await lotsOf(customer)).toEqual([
      ['invoice_line', 250, '2027-03-31T00:00:00.000Z'],
      ['plan_month', 500, '2027-03-31T00:00:00.000Z'],
    ]);
    await spend(customer, 650);
    await monthsAt(customer, '2027-03-31T00:00:00Z');
    expect(await balanceOf(worker, customer)).toBe(600);
    // After an outage, all that were missed, in their order.
    await monthsAt(customer, '2027-12-31T00:00:00Z');
    expect(await lotsOf(customer)).toEqual([
      ['plan_month', 250, '2028-01-31T00:00:00.000Z'],
      ['plan_month', 500, '2028-01-31T00:00:00.000Z'],
    ]);
    const grants = (await ledgerOf(customer)).filter((entry) =>
      String(entry).startsWith('subscription_grant'),
    );
    expect(grants).toHaveLength(12);
    await monthsAt(customer, '2028-06-01T00:00:00Z');
    await expireAt('2028-01-30T23:59:59Z');
    expect(await balanceOf(worker, customer)).toBe(750);
    await customer.passTo('2028-01-31T01:00:00Z');
    await expireAt('2028-01-31T00:00:00Z');
    expect(await balanceOf(worker, customer)).toBe(0);
  });

  test('is granted by the scheduled job, and one that cannot be does not stop the others', async () => {
    const longAgo = new Date(Date.now() - 100 * 24 * 3600 * 1000).toISOString().slice(0, 19);
    const broken = await newClockSubscriber(worker, `${longAgo}Z`);
    const customer = await newClockSubscriber(worker, `${longAgo}Z`);
    await broken.subscribe('starter_annual');
    await customer.subscribe('starter_annual');
    await worker.database.query(
      `update grant_schedules set offer_id = (select id from prices where package_id is not null limit 1)
       where customer_id = $1`,
      [broken.customerId],
    );
    await worker.scheduled();
    expect(await ledgerOf(customer)).toEqual([
      ['subscription_grant', 500],
      ['subscription_grant', 500],
      ['expiry', -250],
      ['subscription_grant', 500],
      ['expiry', -500],
      ['subscription_grant', 500],
      ['expiry', -500],
    ]);
    await eventually('the log has the line', () => worker.logs().join('\n').includes('plan_months_failed'));
    await worker.database.query('update grant_schedules set next_grant_at = null where customer_id = $1', [
      broken.customerId,
    ]);
  });

  test('that becomes a bigger one grants the difference for this month, and more from the next one on', async () => {
    const customer = await newClockSubscriber(worker, '2027-04-01T00:00:00Z');
    const subscription = await customer.subscribe('starter_annual');
    await monthsAt(customer, '2027-05-01T00:00:00Z');
    await spend(customer, 750);
    await customer.passTo('2027-05-11T00:00:00Z');
    await customer.change(subscription, 'professional_annual', { proration_behavior: 'always_invoice' });
    const difference = Math.round((1500 * 21) / 31);
    expect(await lotsOf(customer)).toEqual([['invoice_proration', difference, '2027-06-01T00:00:00.000Z']]);
    await monthsAt(customer, '2027-06-01T00:00:00Z');
    expect(await balanceOf(worker, customer)).toBe(1000 + 2000);
    await customer.passTo('2028-04-01T02:00:00Z');
    expect(await lotsOf(customer)).toContainEqual(['invoice_line', 2000, '2028-05-01T00:00:00.000Z']);
  });

  test('whose upgrade was paid back goes on as it was before', async () => {
    const customer = await newClockSubscriber(worker, '2027-04-01T00:00:00Z');
    const subscription = await customer.subscribe('starter_annual');
    await customer.change(subscription, 'professional_annual', { proration_behavior: 'always_invoice' });
    await worker.database.query(
      `select reverse_payment(id, version, amount_minor, 0, null, null, 'test', now()) from payments
       where customer_id = $1 and period_start = '2027-04-01' order by paid_at desc, created_at desc limit 1`,
      [customer.customerId],
    );
    expect(await balanceOf(worker, customer)).toBe(500);
    await monthsAt(customer, '2027-05-01T00:00:00Z');
    expect((await ledgerOf(customer)).at(-1)).toEqual(['subscription_grant', 500]);
  });

  test('comes to the same in whatever order its changes become known, even after months were granted', async () => {
    const outcomes = [];
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 0, 2],
      [1, 2, 0],
    ]) {
      const customer = await newClockSubscriber(worker, '2027-04-01T00:00:00Z');
      listen(false);
      const now = { proration_behavior: 'always_invoice' } as const;
      const subscription = await customer.subscribe('starter_annual');
      await customer.passTo('2027-04-16T00:00:00Z');
      // Both in one second.
      const changed = await customer.change(subscription, 'business_annual', now);
      await customer.change(changed, 'professional_annual', now);
      listen(true);
      const invoices = (
        await stripe.invoices.list({ customer: customer.stripeCustomerId })
      ).data.toReversed();
      for (const position of order) {
        await resend(invoices[position]?.id ?? '');
        await monthsAt(customer, '2027-06-01T00:00:00Z');
      }
      await monthsAt(customer, '2027-07-01T00:00:00Z');
      const [sum] = await worker.database.query<{ granted: number }>(
        `select sum(amount)::int as granted from credit_transactions
         where customer_id = $1 and transaction_type not in ('expiry')`,
        [customer.customerId],
      );
      outcomes.push(sum?.granted);
    }
    // The first month, half a month's difference to the plan that it is now, and three months of that.
    const granted = 500 + 750 + 3 * 2000;
    expect(outcomes).toEqual([granted, granted, granted, granted]);
  });

  test('whose change is paid at the end of the year gets the difference of all its months then', async () => {
    const customer = await newClockSubscriber(worker, '2027-04-01T00:00:00Z');
    const subscription = await customer.subscribe('starter_annual');
    await customer.passTo('2027-04-16T00:00:00Z');
    await customer.change(subscription, 'professional_annual', { proration_behavior: 'create_prorations' });
    await monthsAt(customer, '2028-03-31T00:00:00Z');
    expect(await balanceOf(worker, customer)).toBe(750);
    await customer.passTo('2028-04-01T02:00:00Z');
    expect(await balanceOf(worker, customer)).toBe(750 + 2000 + 750 + 11 * 1500);
    expect((await lotsOf(customer)).map((lot) => String(lot).slice(-24))).toEqual(
      Array.from({ length: 5 }, () => '2028-05-01T00:00:00.000Z'),
    );
  });

  test('of which the rest is paid back grants no more', async () => {
    const customer = await newClockSubscriber(worker, '2027-04-01T00:00:00Z');
    const subscription = await customer.subscribe('starter_annual');
    await monthsAt(customer, '2027-05-01T00:00:00Z');
    await customer.passTo('2027-05-16T12:00:00Z');
    await stripe.subscriptions.cancel(subscription.id, { prorate: true, invoice_now: true });
    // Its invoice is a draft for an hour.
    await customer.passTo('2027-05-16T14:00:00Z');
    expect((await ledgerOf(customer)).at(-1)).toEqual(['clawback', -250]);
    await monthsAt(customer, '2027-09-01T00:00:00Z');
    expect(await lotsOf(customer)).toEqual([
      ['invoice_line', 250, '2027-06-01T00:00:00.000Z'],
      ['plan_month', 250, '2027-06-01T00:00:00.000Z'],
    ]);
    await expireAt('2027-06-01T00:00:00Z');
    expect(await balanceOf(worker, customer)).toBe(0);
  });

  test('that is canceled at once, without money back, grants the months that were paid for', async () => {
    const customer = await newClockSubscriber(worker, '2027-04-01T00:00:00Z');
    const subscription = await customer.subscribe('starter_annual');
    await stripe.subscriptions.cancel(subscription.id);
    await processed(worker);
    await expireAt('2027-05-01T00:00:00Z');
    await monthsAt(customer, '2027-05-01T00:00:00Z');
    expect(await balanceOf(worker, customer)).toBe(750);
  });

  test('begins with the change from a monthly one, whose rest goes back', async () => {
    const customer = await newClockSubscriber(worker, '2027-04-01T00:00:00Z');
    const subscription = await customer.subscribe('professional_monthly');
    await spend(customer, 1500);
    await customer.passTo('2027-04-16T00:00:00Z');
    await customer.change(subscription, 'professional_annual', { proration_behavior: 'always_invoice' });
    // 1000 of the month go back, of which 500 are there; the new month repays the others.
    expect(await ledgerOf(customer)).toEqual([
      ['subscription_grant', 2000],
      ['spend', -1500],
      ['clawback', -1000],
      ['subscription_grant', 2000],
    ]);
    expect(await lotsOf(customer)).toEqual([['invoice_line', 1500, '2027-05-16T00:00:00.000Z']]);
    await monthsAt(customer, '2027-05-16T00:00:00Z');
    expect(await balanceOf(worker, customer)).toBe(1000 + 2000);
  });

  test('that begins in a short month gives back what that month has left, by the days that it had', async () => {
    const customer = await newClockSubscriber(worker, '2027-01-31T00:00:00Z');
    const subscription = await customer.subscribe('professional_monthly');
    await customer.passTo('2027-02-14T00:00:00Z');
    await customer.change(subscription, 'professional_annual', { proration_behavior: 'always_invoice' });
    expect(await ledgerOf(customer)).toContainEqual(['clawback', -1000]);
  });

  test('ends with the change to a monthly one', async () => {
    const customer = await newClockSubscriber(worker, '2027-04-01T00:00:00Z');
    const subscription = await customer.subscribe('starter_annual');
    await customer.passTo('2027-04-16T00:00:00Z');
    await customer.change(subscription, 'starter_monthly', { proration_behavior: 'always_invoice' });
    await monthsAt(customer, '2027-12-01T00:00:00Z');
    expect(await ledgerOf(customer)).toEqual([
      ['subscription_grant', 500],
      ['clawback', -250],
      ['subscription_grant', 500],
    ]);
  });
});

describe('a cancellation', () => {
  test('at the end of the period keeps the plan’s credits until then, and purchased ones for good', async () => {
    const customer = await newClockSubscriber(worker, '2027-04-01T00:00:00Z');
    const subscription = await customer.subscribe('starter_monthly');
    await give(customer, 'purchased', 60);
    await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true });
    await processed(worker);
    await expireAt('2027-04-30T23:59:59Z');
    expect(await balanceOf(worker, customer)).toBe(560);
    await customer.passTo('2027-05-01T02:00:00Z');
    await expireAt('2027-05-01T02:00:00Z');
    expect(await lotsOf(customer)).toEqual([['admin', 60, null]]);
  });

  test('that is taken back lets the credits wait for their renewal again', async () => {
    const customer = await newClockSubscriber(worker, '2027-04-01T00:00:00Z');
    const subscription = await customer.subscribe('starter_monthly');
    for (const cancel_at_period_end of [true, false]) {
      await stripe.subscriptions.update(subscription.id, { cancel_at_period_end });
      await processed(worker);
    }
    await expireAt('2027-05-01T00:30:00Z');
    expect(await balanceOf(worker, customer)).toBe(500);
    await customer.passTo('2027-05-01T02:00:00Z');
    expect(await balanceOf(worker, customer)).toBe(750);
  });

  test('at once keeps what was paid for until the period’s end', async () => {
    const customer = await newClockSubscriber(worker, '2027-04-01T00:00:00Z');
    const subscription = await customer.subscribe('starter_monthly');
    await stripe.subscriptions.cancel(subscription.id);
    await processed(worker);
    await expireAt('2027-04-30T23:59:59Z');
    expect(await balanceOf(worker, customer)).toBe(500);
    await expireAt('2027-05-01T00:00:00Z');
    expect(await balanceOf(worker, customer)).toBe(0);
  });

  test('at once with money back takes the rest of the month', async () => {
    const customer = await newClockSubscriber(worker, '2027-04-01T00:00:00Z');
    const subscription = await customer.subscribe('starter_monthly');
    await customer.passTo('2027-04-16T00:00:00Z');
    await stripe.subscriptions.cancel(subscription.id, { prorate: true, invoice_now: true });
    await customer.passTo('2027-04-16T02:00:00Z');
    expect(await balanceOf(worker, customer)).toBe(250);
  });
});

test('the scheduled job ends all credits whose time is over, however many there are', async () => {
  await worker.database.query(
    `with new as (
       insert into customers (issuer, subject)
       select 'test', gen_random_uuid()::text from generate_series(1, 230) returning id
     )
     select grant_credits(id, 5, 'promotional', 'admin', id::text, 'admin_grant', null, null, null,
       now() - interval '1 day', 'A gift', null, null, 'test', now() - interval '2 days') from new`,
  );
  const left = async () =>
    worker.database.query(
      "select id from credit_lots where is_open and kind = 'promotional' and expires_at < now()",
    );
  expect(await left()).toHaveLength(230);
  await worker.scheduled();
  expect(await left()).toEqual([]);
});
