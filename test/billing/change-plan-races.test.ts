import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { balanceOf, processed, stripeOf } from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { ask, subscriber, subscriptionRow, type Subscriber } from '../support/subscriber.ts';
import { startWorker, type TestAnswer, type TestWorker } from '../support/worker.ts';

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

const change = (customer: Subscriber, plan: string, key?: string) =>
  ask(worker, customer, 'change-plan', { plan }, key);

async function invoicesOf({ subscriptionId }: Subscriber) {
  return (await stripeOf(worker).invoices.list({ subscription: subscriptionId, limit: 100 })).data;
}

const row = ({ subscriptionId }: Subscriber) => subscriptionRow(worker, subscriptionId);

function refusalsOf(answers: readonly TestAnswer[]) {
  return answers.filter(({ status }) => status !== 200).map(({ status, json }) => `${status} ${json.code}`);
}

describe('many at once', () => {
  const refusals = new Set(['409 change_in_progress', '409 already_on_plan']);

  test('20 upgrades to one plan charge once, and grant once', async () => {
    const customer = await subscriber(worker, 'starter_monthly');
    const answers = await Promise.all(Array.from({ length: 20 }, () => change(customer, 'business_monthly')));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(refusalsOf(answers).filter((refusal) => !refusals.has(refusal))).toEqual([]);
    expect(await invoicesOf(customer)).toHaveLength(2);
    await processed(worker);
    expect(await row(customer)).toMatchObject({ plan_key: 'business_monthly' });
    const grants = await worker.database.query(
      `select 1 from credit_transactions where transaction_type = 'plan_change'
         and customer_id = (select id from customers where subject = $1)`,
      [customer.subject],
    );
    expect(grants).toHaveLength(1);
  });

  test('an upgrade cannot be turned into a cheaper one meanwhile: each decides by what the other has made', async () => {
    const customer = await subscriber(worker, 'starter_monthly');
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_each, index) =>
        change(customer, index % 2 === 0 ? 'enterprise' : 'professional_monthly'),
      ),
    );
    expect(refusalsOf(answers).filter((refusal) => !refusals.has(refusal))).toEqual([]);
    const paid = (await invoicesOf(customer)).map(({ total }) => total);
    expect(paid.every((total) => total > 0)).toBe(true);
  });

  test('20 downgrades to two plans leave one scheduled', async () => {
    const customer = await subscriber(worker, 'enterprise');
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_each, index) =>
        change(customer, index % 2 === 0 ? 'business_monthly' : 'starter_monthly'),
      ),
    );
    expect(answers.some(({ status }) => status === 200)).toBe(true);
    expect(refusalsOf(answers).filter((refusal) => refusal !== '409 change_in_progress')).toEqual([]);
    const { data } = await stripeOf(worker).subscriptionSchedules.list({
      customer: String((await stripeOf(worker).subscriptions.retrieve(customer.subscriptionId)).customer),
    });
    expect(data.filter(({ status }) => status === 'active')).toHaveLength(1);
    await processed(worker);
    expect((await row(customer))?.next_plan).toMatch(/^(business|starter)_monthly$/);
  });

  test('a request that was cut off keeps the others out for a while, and not itself', async () => {
    const customer = await subscriber(worker, 'starter_monthly');
    const key = randomUUID();
    worker.gateway.setFault(({ queries }) =>
      queries.some(
        (query) =>
          query.includes('apply_subscription(') || query.startsWith('update "subscription_operations"'),
      )
        ? 'refuse'
        : 'none',
    );
    expect((await change(customer, 'business_monthly', key)).status).toBe(503);
    worker.gateway.setFault(undefined);
    const other = await change(customer, 'enterprise');
    expect([other.status, other.json.code]).toEqual([409, 'change_in_progress']);
    expect((await change(customer, 'business_monthly', key)).status).toBe(200);
    expect((await change(customer, 'enterprise')).status).toBe(200);
    const stuck = await subscriber(worker, 'starter_monthly');
    await worker.database.query(
      `insert into subscription_operations (subscription_id, operation_id, lease_until)
       select id, gen_random_uuid(), now() - interval '1 second' from subscriptions where stripe_subscription_id = $1`,
      [stuck.subscriptionId],
    );
    expect((await change(stuck, 'business_monthly')).status).toBe(200);
  });
});

describe('a lost answer and the same request again end as one request', () => {
  const upgrade = { from: 'starter_monthly', to: 'business_monthly' };
  const downgrade = { from: 'business_monthly', to: 'starter_monthly' };

  type Break = () => void;
  const stripeFault =
    (route: string, fault: 'lose-answer' | { status: number; saved?: boolean }, times = 1): Break =>
    () => {
      let left = times;
      worker.stripe.setFault((request) => {
        if (left === 0 || request.method !== 'POST' || request.route !== route) return 'none';
        left -= 1;
        return fault;
      });
    };
  const databaseFault =
    (fault: 'lose-answer' | 'rollback' | 'refuse'): Break =>
    () => {
      worker.gateway.setFault(({ queries }) => {
        const isOurs = queries.some((query) => query.includes('apply_subscription('));
        const isEvent = queries.some((query) => query.includes('complete_webhook_event'));
        return isOurs && !isEvent ? fault : 'none';
      });
    };

  const faults: readonly (readonly [string, Break])[] = [
    ['Stripe’s, after the work', stripeFault('/v1/subscriptions/:id', 'lose-answer')],
    ['Stripe’s, after the work, thrice', stripeFault('/v1/subscriptions/:id', 'lose-answer', 3)],
    ['Stripe’s, a 500 that it keeps', stripeFault('/v1/subscriptions/:id', { status: 500, saved: true }, 1)],
    ['Stripe’s, 500 before the work', stripeFault('/v1/subscriptions/:id', { status: 500 }, 3)],
    ['Stripe’s, of a new schedule', stripeFault('/v1/subscription_schedules', 'lose-answer', 3)],
    ['Stripe’s, of its phases', stripeFault('/v1/subscription_schedules/:id', 'lose-answer', 3)],
    ['the database’s, after the commit', databaseFault('lose-answer')],
    ['the database’s, before the commit', databaseFault('rollback')],
    ['the database’s, which is gone', databaseFault('refuse')],
  ];

  test.each(faults)('an upgrade: %s', async (_name, breakIt) => {
    const customer = await subscriber(worker, upgrade.from);
    const key = randomUUID();
    breakIt();
    expect([200, 503]).toContain((await change(customer, upgrade.to, key)).status);
    worker.gateway.setFault(undefined);
    worker.stripe.setFault(undefined);
    const again = await change(customer, upgrade.to, key);
    expect(again.status, again.text).toBe(200);
    expect(again.json.change).toMatchObject({ plan: upgrade.to, effective: 'now' });
    await processed(worker);
    expect(await row(customer)).toMatchObject({ plan_key: upgrade.to });
    expect(await invoicesOf(customer)).toHaveLength(2);
    const [invoice] = await invoicesOf(customer);
    expect(invoice?.status).toBe('paid');
    expect(await balanceOf(worker, customer)).toBeGreaterThan(500);
  });

  test.each(faults)('a downgrade: %s', async (_name, breakIt) => {
    const customer = await subscriber(worker, downgrade.from);
    const key = randomUUID();
    breakIt();
    expect([200, 503]).toContain((await change(customer, downgrade.to, key)).status);
    worker.gateway.setFault(undefined);
    worker.stripe.setFault(undefined);
    const again = await change(customer, downgrade.to, key);
    expect(again.status, again.text).toBe(200);
    expect(again.json.change).toMatchObject({ plan: downgrade.to, effective: 'at_renewal' });
    await processed(worker);
    expect(await row(customer)).toMatchObject({ plan_key: downgrade.from, next_plan: downgrade.to });
    expect(await invoicesOf(customer)).toHaveLength(1);
  });

  test('an upgrade whose scheduled downgrade was not released is finished', async () => {
    const customer = await subscriber(worker, 'professional_monthly');
    await change(customer, 'starter_monthly');
    const key = randomUUID();
    stripeFault('/v1/subscription_schedules/:id/release', { status: 500 }, 3)();
    expect((await change(customer, 'business_monthly', key)).status).toBe(503);
    worker.stripe.setFault(undefined);
    await processed(worker);
    expect(await row(customer)).toMatchObject({
      plan_key: 'business_monthly',
      next_plan: 'starter_monthly',
    });
    expect((await change(customer, 'business_monthly', key)).status).toBe(200);
    expect(await row(customer)).toMatchObject({ plan_key: 'business_monthly', next_plan: null });
    expect(await invoicesOf(customer)).toHaveLength(2);
  });
});
