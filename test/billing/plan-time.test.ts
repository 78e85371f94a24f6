import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectSoundLedger } from '../support/ledger.ts';
import { balanceOf, buy, pay, processed, stripeOf } from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { subscriber, type Subscriber } from '../support/subscriber.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

/** Plans as their months pass, for Stripe and for the Worker alike, whose scheduled jobs do what is due. */

let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker();
  await syncToStripe(worker);
});
afterAll(async () => {
  await expectSoundLedger(worker.database.query);
  await worker.stop();
});

/** Months pass, and after each of them the scheduled jobs run, twice. */
async function live(months: number): Promise<void> {
  for (let month = 0; month < months; month += 1) {
    await worker.advance('month');
    await processed(worker);
    await worker.scheduled();
    await worker.scheduled();
  }
}

async function spend({ token }: Subscriber, amount: number): Promise<void> {
  const { status, text } = await worker.request('/credits/spend', { token, body: { amount } });
  if (status !== 200) throw new Error(`not spent: ${status} ${text}`);
}

async function cancelAtPeriodEnd({ subscriptionId }: Subscriber): Promise<void> {
  await stripeOf(worker).subscriptions.update(subscriptionId, { cancel_at_period_end: true });
  await processed(worker);
}

async function buyPackage(customer: Subscriber): Promise<void> {
  const { checkoutUrl } = await buy(worker, customer, { package: 'credits_500' });
  await pay(checkoutUrl);
  await processed(worker);
}

describe('a plan', () => {
  test('of a year grants each month, renews, and is over once it was canceled and the second year is', async () => {
    const customer = await subscriber(worker, 'starter_annual');
    await buyPackage(customer);
    expect(await balanceOf(worker, customer)).toBe(1000);
    await live(1);
    expect(await balanceOf(worker, customer)).toBe(1250);
    await spend(customer, 740);
    await live(1);
    expect(await balanceOf(worker, customer)).toBe(10 + 500 + 500);
    await live(10);
    expect(await balanceOf(worker, customer)).toBe(750 + 500);
    const sources = await worker.database.query(
      `select source, count(*)::int as lots from credit_lots join customers on customers.id = customer_id
       where subject = $1 and kind = 'plan' group by source order by source`,
      [customer.subject],
    );
    expect(sources).toEqual([
      { source: 'invoice_line', lots: 2 },
      { source: 'plan_month', lots: 11 },
    ]);
    await cancelAtPeriodEnd(customer);
    await live(11);
    expect(await balanceOf(worker, customer)).toBe(750 + 500);
    await live(1);
    expect(await balanceOf(worker, customer)).toBe(500);
  });

  test('of a month that is canceled is there until the month ends, and what was bought stays', async () => {
    const customer = await subscriber(worker, 'professional_monthly');
    await buyPackage(customer);
    await cancelAtPeriodEnd(customer);
    await worker.advance('week');
    await worker.scheduled();
    expect(await balanceOf(worker, customer)).toBe(2500);
    await live(1);
    expect(await balanceOf(worker, customer)).toBe(500);
  });

  test('whose renewal is not paid keeps what is left while Stripe tries, and ends when it gives up', async () => {
    const customer = await subscriber(worker, 'starter_monthly');
    const subscription = await stripeOf(worker).subscriptions.retrieve(customer.subscriptionId);
    const url = `${worker.stripe.url}/_sandbox/customers/${String(subscription.customer)}/fail-next`;
    await fetch(url, { method: 'POST', body: new URLSearchParams({ times: '20' }) });
    await live(1);
    expect(await balanceOf(worker, customer)).toBe(500);
    await live(1);
    expect((await stripeOf(worker).subscriptions.retrieve(customer.subscriptionId)).status).toBe('canceled');
    expect(await balanceOf(worker, customer)).toBe(0);
  });
});
