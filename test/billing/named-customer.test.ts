import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { plantKey } from '../support/keys.ts';
import { pay, processed } from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { startWorker, type TestAnswer, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;
/** A back end's key. */
let token: string;

beforeAll(async () => {
  worker = await startWorker();
  await syncToStripe(worker);
  const scopes = ['checkout:create', 'payments:read', 'subscriptions:manage', 'credits:read'] as const;
  token = (await plantKey(worker, { scopes })).key;
  // The key is remembered from here on: what is counted below is the request's own.
  await worker.request('/payment/status?customer=x', { token });
});
afterAll(() => worker.stop());

const read = (path: string, customer: string) =>
  worker.request(`${path}?customer=${encodeURIComponent(customer)}`, { token });
const write = (path: string, body: object, method = 'POST') =>
  worker.request(path, { method, token, body, headers: { 'Idempotency-Key': randomUUID() } });

function expectOk(answer: TestAnswer, calls: number): TestAnswer {
  expect(answer.status, answer.text).toBe(200);
  expect(answer.databaseCalls).toBeLessThanOrEqual(calls);
  return answer;
}

const customersNamed = (name: string) =>
  worker.database.query<{ id: string; issuer: string; stripe_customer_id: string | null }>(
    'select id, issuer, stripe_customer_id from customers where subject = $1',
    [name],
  );

const topUp = { enabled: true, threshold: 5, package: 'credits_500', monthly_cap: 5000 };

test('a back end sells to a customer that it names, and looks after what was sold, as the customer itself does', async () => {
  const customer = `shop-${randomUUID()}`;
  const sold = expectOk(
    await write('/payment/create-checkout', { plan: 'professional_monthly', customer }),
    2,
  );
  const [row] = await customersNamed(customer);
  expect(row?.issuer).toBe(worker.tokens.issuer);
  await pay(sold.json.checkout_url);
  await eventually('the subscription is known', async () => {
    const { json } = await read('/payment/status', customer);
    return json.payment_status.subscription_status === 'active';
  });
  await processed(worker);

  // Whichever way it is named, and as it sees itself.
  const [paid] = await customersNamed(customer);
  const names = [customer, paid?.id ?? '', paid?.stripe_customer_id ?? ''];
  const own = { token: await worker.token('customer', customer) };
  for (const path of [
    '/payment/status',
    '/payment/payments',
    '/payment/status/history',
    '/payment/invoices',
  ]) {
    const { json } = expectOk(await worker.request(path, own), 1);
    for (const name of names) expect(expectOk(await read(path, name), 1).json).toEqual(json);
  }
  expectOk(await read('/credits/notices', customer), 1);

  // From here on no event comes between: one that is faster than the answer makes a request look once more.
  worker.stripe.setWebhookEndpoint(undefined);
  expectOk(await write('/payment/create-portal-session', { customer }), 2);
  const second = await write('/payment/create-checkout', { plan: 'starter_monthly', customer });
  expect(second.json.code).toBe('already_subscribed');
  const change = { plan: 'business_monthly', customer };
  expectOk(await write('/payment/change-plan/preview', change), 2);
  expect(expectOk(await write('/payment/change-plan', change), 2).json.subscription.plan).toBe(
    'business_monthly',
  );
  const canceled = expectOk(await write('/payment/cancel-subscription', { customer }), 2);
  expect(canceled.json.subscription.cancel_at_period_end).toBe(true);
  expectOk(await write('/payment/resume-subscription', { customer }), 2);
  expectOk(await write('/credits/auto-top-up', { ...topUp, customer }, 'PUT'), 2);
  expect(expectOk(await read('/credits/auto-top-up', customer), 1).json.auto_top_up.enabled).toBe(true);
  expect((await worker.request('/credits/auto-top-up', own)).json.auto_top_up.enabled).toBe(true);
  expect(await customersNamed(customer)).toHaveLength(1);
  worker.stripe.setWebhookEndpoint({ url: `${worker.url}/payment/webhook` });
});

test('twenty sales at once to one new customer make one', async () => {
  const customer = `shop-${randomUUID()}`;
  const answers = await Promise.all(
    Array.from({ length: 20 }, () =>
      write('/payment/purchase-credits', { package: 'credits_500', customer }),
    ),
  );
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
  expect(await customersNamed(customer)).toHaveLength(1);
});

test('a customer that is not there is not found, and a sale makes none of an id at Stripe', async () => {
  const customer = `cus_${randomUUID().slice(0, 8)}`;
  const answers = [
    ...(await Promise.all(
      [
        '/payment/status',
        '/payment/status/history',
        '/payment/payments',
        '/payment/invoices',
        '/credits/notices',
        '/credits/auto-top-up',
      ].map((path) => read(path, customer)),
    )),
    await write('/payment/create-checkout', { plan: 'professional_monthly', customer }),
    await write('/payment/purchase-credits', { package: 'credits_500', customer }),
    await write('/payment/create-portal-session', { customer }),
    await write('/payment/change-plan/preview', { plan: 'business_monthly', customer }),
    await write('/payment/change-plan', { plan: 'business_monthly', customer }),
    await write('/payment/cancel-subscription', { customer }),
    await write('/payment/resume-subscription', { customer }),
    await write('/credits/auto-top-up', { ...topUp, customer }, 'PUT'),
  ];
  expect(answers.map(({ status, json }) => [status, json.code])).toEqual(
    answers.map(() => [404, 'customer_not_found']),
  );
  expect(await customersNamed(customer)).toEqual([]);
});

test('a quoted price that is no longer asked is told as such, also of a customer that is new', async () => {
  const customer = `shop-${randomUUID()}`;
  const { json } = await write('/payment/purchase-credits', {
    package: 'credits_500',
    price_id: 'price_of_old',
    customer,
  });
  expect(json.code).toBe('price_changed');
  expect(await customersNamed(customer)).toEqual([]);
});

test('a customer names nobody, and a service somebody', async () => {
  const own = await worker.token('customer');
  const asked = async (who: string, body: object) =>
    (await worker.request('/payment/create-portal-session', { token: who, body })).json.code;
  expect(await asked(own, { customer: 'another' })).toBe('forbidden');
  expect(await asked(token, {})).toBe('customer_required');
  expect((await worker.request('/payment/status?customer=another', { token: own })).status).toBe(403);
});
