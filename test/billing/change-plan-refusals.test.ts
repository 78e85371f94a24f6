import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newBuyer, processed, stripeOf } from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { ask, subscriber, subscriptionRow, type Subscriber } from '../support/subscriber.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;
let shared: Subscriber;

beforeAll(async () => {
  worker = await startWorker();
  await worker.database.query(
    `insert into subscription_plans (plan_key, name, interval) values
       ('unsynced', 'Unsynced', 'month'), ('dollars', 'Dollars', 'month'), ('archived', 'Archived', 'month')`,
  );
  await offer('dollars', 'USD', 999);
  await offer('archived', 'GBP', 999);
  await syncToStripe(worker);
  await offer('unsynced', 'GBP', 999);
  await worker.database.query("update subscription_plans set is_active = false where plan_key = 'archived'");
  shared = await subscriber(worker, 'professional_monthly');
});
afterAll(() => worker.stop());

async function offer(plan: string, currency: string, amount: number): Promise<void> {
  await worker.database.query(
    `select publish_offer(gen_random_uuid(), (select id from subscription_plans where plan_key = $1), null, $2, $3,
       5000, null, null, now(), 'test', null)`,
    [plan, currency, amount],
  );
}

async function priceIdOf(plan: string): Promise<string> {
  const rows = await worker.database.query<{ stripe_price_id: string }>(
    `select stripe_price_id from prices join subscription_plans as plan on plan.id = plan_id
     where plan_key = $1 and valid_to is null`,
    [plan],
  );
  return rows[0]?.stripe_price_id ?? '';
}

/** Both the preview and the change refuse, in the same words; nothing changes. */
async function refused(customer: Subscriber, body: object) {
  const before = await subscriptionRow(worker, customer.subscriptionId);
  const [previewed, changed] = [
    await ask(worker, customer, 'change-plan/preview', body),
    await ask(worker, customer, 'change-plan', body),
  ];
  expect([previewed.status, previewed.json.code]).toEqual([changed.status, changed.json.code]);
  expect(await subscriptionRow(worker, customer.subscriptionId)).toEqual(before);
  return { status: changed.status, code: changed.json.code, current: changed.json.current };
}

describe('a plan is refused', () => {
  test.each([
    ['that does not exist', { plan: 'nothing' }, 404, 'plan_not_found'],
    ['that is archived', { plan: 'archived' }, 404, 'plan_not_found'],
    ['that is not at Stripe yet', { plan: 'unsynced' }, 503, 'offer_not_synced'],
    ['of another currency', { plan: 'dollars' }, 409, 'currency_mismatch'],
    ['that is the present one', { plan: 'professional_monthly' }, 409, 'already_on_plan'],
  ])('%s', async (_name, body, status, code) => {
    expect(await refused(shared, body)).toMatchObject({ status, code });
  });

  test('whose price was another one when it was shown, and the present one is told', async () => {
    const body = { plan: 'business_monthly', price_id: await priceIdOf('starter_monthly') };
    const current = {
      price_id: await priceIdOf('business_monthly'),
      price: 499,
      currency: 'GBP',
      credits: 6000,
      interval: 'month',
    };
    expect(await refused(shared, body)).toEqual({ status: 409, code: 'price_changed', current });
  });

  test('the present one at a price that is not the subscription’s own', async () => {
    const body = { plan: 'professional_monthly', price_id: await priceIdOf('starter_monthly') };
    expect(await refused(shared, body)).toMatchObject({
      code: 'price_changed',
      current: { price_id: await priceIdOf('professional_monthly') },
    });
  });
});

describe('a proration date', () => {
  const change = (date: unknown) =>
    ask(worker, shared, 'change-plan', { plan: 'business_monthly', proration_date: date });
  const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();

  test('that no preview gave out buys nothing cheaper', async () => {
    const later = await change(ago(-20 * 86_400));
    expect([later.status, later.json.code]).toEqual([422, 'invalid_proration_date']);
    expect(later.json.errors).toMatchObject([{ pointer: '/proration_date' }]);
    const older = await change(ago(2 * 86_400));
    expect([older.status, older.json.code]).toEqual([409, 'preview_expired']);
    const garbage = await change('soon');
    expect([garbage.status, garbage.json.errors[0].pointer]).toEqual([422, '/proration_date']);
  });
});

describe('a subscription is not changed', () => {
  const body = { plan: 'business_monthly' };

  test('that does not exist, or is over', async () => {
    const nobody = await ask(worker, await newBuyer(worker), 'change-plan', body);
    expect([nobody.status, nobody.json.code]).toEqual([409, 'no_subscription']);
    const customer = await subscriber(worker, 'starter_monthly');
    await stripeOf(worker).subscriptions.cancel(customer.subscriptionId);
    await processed(worker);
    expect(await refused(customer, body)).toMatchObject({ status: 409, code: 'no_subscription' });
  });

  test('that is to end, at the end of its period or at a day', async () => {
    const customer = await subscriber(worker, 'starter_monthly');
    await ask(worker, customer, 'cancel-subscription');
    await processed(worker);
    expect(await refused(customer, body)).toMatchObject({ status: 409, code: 'subscription_ending' });
    await stripeOf(worker).subscriptions.update(customer.subscriptionId, {
      cancel_at: Math.floor(Date.now() / 1000) + 5 * 86_400,
    });
    await processed(worker);
    expect(await refused(customer, body)).toMatchObject({ code: 'subscription_ending' });
  });

  test('whose collection is paused', async () => {
    const customer = await subscriber(worker, 'starter_monthly');
    await stripeOf(worker).subscriptions.update(customer.subscriptionId, {
      pause_collection: { behavior: 'void' },
    });
    await processed(worker);
    expect(await refused(customer, body)).toMatchObject({ status: 409, code: 'subscription_paused' });
  });

  test('whose last invoice is not paid', async () => {
    const customer = await subscriber(worker, 'starter_monthly');
    const method = await stripeOf(worker).paymentMethods.attach('pm_card_chargeCustomerFail', {
      customer: String((await stripeOf(worker).subscriptions.retrieve(customer.subscriptionId)).customer),
    });
    await stripeOf(worker).subscriptions.update(customer.subscriptionId, {
      default_payment_method: method.id,
    });
    await worker.advance('month');
    expect(await subscriptionRow(worker, customer.subscriptionId)).toMatchObject({ status: 'past_due' });
    expect(await refused(customer, body)).toMatchObject({ status: 409, code: 'payment_overdue' });
  });
});
