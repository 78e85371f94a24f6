import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { accessClaims, signToken } from '../../dev/sign-token.ts';
import { balanceOf, booksOf, buy, newBuyer, pay, processed, stripeOf, type Buyer } from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { startWorker, type TestRequest, type TestWorker } from '../support/worker.ts';

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

/** A package of a test's own, at Stripe. */
async function newPackage(amountMinor = 100, credits = 10): Promise<string> {
  const key = `package_${randomUUID().replaceAll('-', '')}`;
  await worker.database.query('insert into credit_packages (package_key, name) values ($1, $1)', [key]);
  await offer(key, amountMinor, credits);
  await syncToStripe(worker);
  return key;
}

/** Puts another offer on sale, from now on or from a later time. */
async function offer(key: string, amountMinor: number, credits: number, starts?: string): Promise<void> {
  await worker.database.query(
    `select publish_offer(gen_random_uuid(), null, (select id from credit_packages where package_key = $1), 'GBP', $2, $3,
       null, $4::timestamptz, now(), 'test', null)`,
    [key, amountMinor, credits, starts ?? null],
  );
}

async function priceOf(key: string): Promise<string> {
  const [row] = await worker.database.query<{ stripe_price_id: string }>(
    `select stripe_price_id from prices where valid_to is null
       and package_id = (select id from credit_packages where package_key = $1)`,
    [key],
  );
  return row?.stripe_price_id ?? '';
}

function purchase(buyer: Buyer, body: unknown, headers: TestRequest['headers'] = {}) {
  return worker.request('/payment/purchase-credits', { token: buyer.token, body, headers });
}

function rowsOf(buyer: Buyer, table: 'customers' | 'checkouts') {
  const condition =
    table === 'customers' ? 'subject = $1' : 'customer_id in (select id from customers where subject = $1)';
  return worker.database.query(`select * from ${table} where ${condition}`, [buyer.subject]);
}

async function stripeCustomersOf(buyer: Buyer) {
  const { data } = await stripeOf(worker).customers.list({
    email: `${buyer.subject}@example.com`,
    limit: 100,
  });
  return data;
}

describe('what is on sale', () => {
  test('a quoted price that is still on sale is sold', async () => {
    const buyer = await newBuyer(worker);
    const key = await newPackage();
    const { status } = await purchase(buyer, { package: key, price_id: await priceOf(key) });
    expect(status).toBe(200);
  });

  test('a superseded price is refused with the present offer, and Stripe is not asked', async () => {
    const buyer = await newBuyer(worker);
    const key = await newPackage(100, 10);
    const shown = await priceOf(key);
    await offer(key, 150, 12);
    await syncToStripe(worker);
    const asked = worker.stripe.requests.length;
    const { status, json } = await purchase(buyer, { package: key, price_id: shown });
    expect({ status, code: json.code, current: json.current }).toEqual({
      status: 409,
      code: 'price_changed',
      current: { price_id: await priceOf(key), price: 150, currency: 'GBP', credits: 12, interval: null },
    });
    expect(worker.stripe.requests).toHaveLength(asked);
    expect(await rowsOf(buyer, 'checkouts')).toEqual([]);
  });

  test('what is scheduled is not sold before its time', async () => {
    const buyer = await newBuyer(worker);
    const key = await newPackage(100, 10);
    await offer(key, 200, 20, '2100-01-01T00:00:00Z');
    await syncToStripe(worker);
    const { json } = await purchase(buyer, { package: key });
    expect(json.credits).toBe(10);
    const { data } = await stripeOf(worker).checkout.sessions.listLineItems(json.session_id);
    expect(data.map(({ amount_total }) => amount_total)).toEqual([100]);
  });

  test('unknown and archived items are not found', async () => {
    const buyer = await newBuyer(worker);
    const archived = await newPackage();
    await worker.database.query('update credit_packages set is_active = false where package_key = $1', [
      archived,
    ]);
    const plan = { token: buyer.token, body: { plan: 'credits_2500' } };
    const answers = [
      await purchase(buyer, { package: 'no_such_package' }),
      await purchase(buyer, { package: archived }),
      await worker.request('/payment/create-checkout', plan),
    ];
    expect(answers.map(({ status, json }) => [status, json.code])).toEqual([
      [404, 'package_not_found'],
      [404, 'package_not_found'],
      [404, 'plan_not_found'],
    ]);
  });

  test('a price too small for Stripe to charge is refused as such, and the log tells why', async () => {
    const key = await newPackage(9);
    const { status, json } = await purchase(await newBuyer(worker), { package: key });
    expect([status, json.code]).toEqual([409, 'offer_not_chargeable']);
    const line = worker
      .logs()
      .find((log) => log.includes(json.request_id) && log.includes('"level":"error"'));
    expect(JSON.parse(line ?? '{}')).toMatchObject({ event: 'fault', stripe_code: 'amount_too_small' });
  });

  test('an offer that is not at Stripe yet can be bought later', async () => {
    const buyer = await newBuyer(worker);
    const key = await newPackage();
    await offer(key, 300, 30);
    const { status, json, headers } = await purchase(buyer, { package: key });
    expect([status, json.code]).toEqual([503, 'offer_not_synced']);
    expect(headers.get('Retry-After')).not.toBeNull();
  });

  test('the database is asked, never a cache', async () => {
    const buyer = await newBuyer(worker);
    const key = await newPackage(100, 10);
    await worker.request('/payment/credit-packages');
    await offer(key, 500, 50);
    await syncToStripe(worker);
    expect((await purchase(buyer, { package: key })).json.credits).toBe(50);
  });

  test.each([
    ['an unknown field', { package: 'credits_500', amount: 1 }],
    ['a number', { package: 5 }],
    ['a key that can be none', { package: 'Credits 500' }],
    ['a quoted price with NUL', { package: 'credits_500', price_id: 'price_\u0000' }],
    ['a quoted price with a lone surrogate', { package: 'credits_500', price_id: 'price_\ud800' }],
    ['an array', ['credits_500']],
    ['return URLs of its own', { package: 'credits_500', success_url: 'https://evil.test' }],
  ])('%s is refused field by field', async (_name, body) => {
    const { status, json } = await purchase(await newBuyer(worker), body);
    expect([status, json.code]).toEqual([422, 'invalid_body']);
    expect(json.errors.length).toBeGreaterThan(0);
  });
});

describe('the customer', () => {
  test('20 first checkouts at once make one customer here and one at Stripe', async () => {
    const buyer = await newBuyer(worker);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => purchase(buyer, { package: 'credits_500' })),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(new Set(answers.map(({ json }) => json.session_id)).size).toBe(20);
    const [stripeCustomer, ...others] = await stripeCustomersOf(buyer);
    expect(others).toEqual([]);
    expect(await rowsOf(buyer, 'customers')).toMatchObject([{ stripe_customer_id: stripeCustomer?.id }]);
  });

  test('whose first checkout was cut off, and whose e-mail address has changed since, can buy', async () => {
    const buyer = await newBuyer(worker);
    worker.gateway.setFault(({ queries }) =>
      queries.some((query) => query.startsWith('update "checkouts"')) ? 'refuse' : 'none',
    );
    expect((await purchase(buyer, { package: 'credits_500' })).status).toBe(503);
    worker.gateway.setFault(undefined);
    const { tokens } = worker;
    const renamed = { subject: buyer.subject, role: 'customer', email: 'new@example.com' } as const;
    const token = await signToken(tokens, accessClaims(tokens, renamed, 3600));
    const { status } = await purchase({ ...buyer, token }, { package: 'credits_500' });
    expect(status).toBe(200);
  });

  test('the e-mail address is kept fresh', async () => {
    const buyer = await newBuyer(worker);
    await buy(worker, buyer, { package: 'credits_500' });
    await worker.database.query("update customers set email = 'old@example.com' where subject = $1", [
      buyer.subject,
    ]);
    await buy(worker, buyer, { package: 'credits_500' });
    expect(await rowsOf(buyer, 'customers')).toMatchObject([{ email: `${buyer.subject}@example.com` }]);
  });

  test('one customer sees nothing of another', async () => {
    const buyer = await newBuyer(worker);
    const { checkoutUrl } = await buy(worker, buyer, { package: 'credits_1000' });
    await pay(checkoutUrl);
    await processed(worker);
    expect(await balanceOf(worker, buyer)).toBe(1000);
    const other = await newBuyer(worker);
    const read = async (path: string) => (await worker.request(path, { token: other.token })).json;
    expect((await read('/credits/balance')).credits.balance).toBe(0);
    expect((await read('/credits/history')).transactions).toEqual([]);
    expect((await read('/payment/status')).payment_status.has_paid).toBe(false);
    expect((await read('/credits/check/blog_post')).available).toBe(0);
    const portal = await worker.request('/payment/create-portal-session', {
      method: 'POST',
      token: other.token,
    });
    expect(portal.json.code).toBe('no_billing_account');
  });
});

describe('an Idempotency-Key', () => {
  test('gives the first answer again, and opens one checkout', async () => {
    const buyer = await newBuyer(worker);
    const headers = { 'Idempotency-Key': randomUUID() };
    const first = await purchase(buyer, { package: 'credits_500' }, headers);
    const second = await purchase(buyer, { package: 'credits_500' }, headers);
    expect([first.status, first.databaseCalls]).toEqual([200, 2]);
    expect([second.status, second.json]).toEqual([200, first.json]);
    expect(second.headers.get('Idempotent-Replayed')).toBe('true');
    expect(await rowsOf(buyer, 'checkouts')).toHaveLength(1);
  });

  test('with another body is refused', async () => {
    const buyer = await newBuyer(worker);
    const headers = { 'Idempotency-Key': randomUUID() };
    await purchase(buyer, { package: 'credits_500' }, headers);
    const { status, json } = await purchase(buyer, { package: 'credits_1000' }, headers);
    expect([status, json.code]).toEqual([422, 'idempotency_key_reused']);
  });

  test('20 times at once opens one checkout', async () => {
    const buyer = await newBuyer(worker);
    const headers = { 'Idempotency-Key': randomUUID() };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => purchase(buyer, { package: 'credits_500' }, headers)),
    );
    const opened = answers.filter(({ status }) => status === 200);
    expect(opened.length).toBeGreaterThan(0);
    expect(new Set(opened.map(({ json }) => json.session_id)).size).toBe(1);
    const refused = answers.filter(({ status }) => status !== 200);
    expect(new Set(refused.map(({ json }) => json.code))).toEqual(
      new Set(refused.length > 0 ? ['idempotency_key_in_use'] : []),
    );
    expect(await rowsOf(buyer, 'checkouts')).toHaveLength(1);
  });

  test('takes up again what was cut off before the answer was stored: the same pay page', async () => {
    const buyer = await newBuyer(worker);
    const headers = { 'Idempotency-Key': randomUUID() };
    worker.gateway.setFault(({ queries }) =>
      queries.some((query) => query.startsWith('update "checkouts"')) ? 'rollback' : 'none',
    );
    const cut = await purchase(buyer, { package: 'credits_500' }, headers);
    expect([cut.status, cut.json.code]).toEqual([503, 'database_unavailable']);
    worker.gateway.setFault(undefined);
    const resumed = await purchase(buyer, { package: 'credits_500' }, headers);
    expect(resumed.status).toBe(200);
    expect(await rowsOf(buyer, 'checkouts')).toMatchObject([
      { stripe_session_id: resumed.json.session_id, status: 'open' },
    ]);
    const { data } = await stripeOf(worker).checkout.sessions.list({ limit: 100 });
    const [customer] = await stripeCustomersOf(buyer);
    expect(data.filter((session) => session.customer === customer?.id)).toHaveLength(1);
  });

  test('does not carry a checkout over to a price that came in between', async () => {
    const buyer = await newBuyer(worker);
    const key = await newPackage(100, 10);
    const headers = { 'Idempotency-Key': randomUUID() };
    worker.gateway.setFault(({ queries }) =>
      queries.some((query) => query.startsWith('update "checkouts"')) ? 'rollback' : 'none',
    );
    expect((await purchase(buyer, { package: key }, headers)).status).toBe(503);
    worker.gateway.setFault(undefined);
    await offer(key, 900, 10);
    await syncToStripe(worker);
    const { status, json } = await purchase(buyer, { package: key }, headers);
    expect([status, json.code, json.current.price]).toEqual([409, 'price_changed', 900]);
  });
});

describe('when something is down', () => {
  test('the database: 503, and nothing was asked of Stripe', async () => {
    const buyer = await newBuyer(worker);
    const asked = worker.stripe.requests.length;
    worker.gateway.setFault(() => 'refuse');
    const { status, json, headers } = await purchase(buyer, { package: 'credits_500' });
    expect([status, json.code]).toEqual([503, 'database_unavailable']);
    expect(headers.get('Retry-After')).not.toBeNull();
    expect(worker.stripe.requests).toHaveLength(asked);
  });

  test('Stripe: 503, and the next try succeeds', async () => {
    const buyer = await newBuyer(worker);
    worker.stripe.setFault(() => ({ status: 500 }));
    const { status, json } = await purchase(buyer, { package: 'credits_500' });
    expect([status, json.code]).toEqual([503, 'stripe_unavailable']);
    worker.stripe.setFault(undefined);
    expect((await purchase(buyer, { package: 'credits_500' })).status).toBe(200);
  });

  test('a purchase whose request was cut off after Stripe had opened it is credited all the same', async () => {
    const buyer = await newBuyer(worker);
    worker.gateway.setFault(({ queries }) =>
      queries.some((query) => query.startsWith('update "checkouts"')) ? 'refuse' : 'none',
    );
    expect((await purchase(buyer, { package: 'credits_500' })).status).toBe(503);
    worker.gateway.setFault(undefined);
    expect(await rowsOf(buyer, 'customers')).toMatchObject([{ stripe_customer_id: null }]);
    const [customer] = await stripeCustomersOf(buyer);
    const { data } = await stripeOf(worker).checkout.sessions.list({ customer: customer?.id ?? '' });
    await pay(data[0]?.url ?? '');
    await processed(worker);
    expect(await balanceOf(worker, buyer)).toBe(500);
    expect(await rowsOf(buyer, 'customers')).toMatchObject([{ stripe_customer_id: customer?.id }]);
    expect((await booksOf(worker, buyer)).checkouts).toMatchObject([
      { stripe_session_id: data[0]?.id, status: 'paid' },
    ]);
  });
});

describe('the portal', () => {
  test.each([
    ['no body', undefined, undefined],
    ['an empty object', {}, undefined],
    ['a key', {}, randomUUID()],
  ])('opens for a customer with a billing account, asked with %s', async (_name, body, key) => {
    const buyer = await newBuyer(worker);
    await buy(worker, buyer, { package: 'credits_500' });
    const { status, json, databaseCalls } = await worker.request('/payment/create-portal-session', {
      method: 'POST',
      token: buyer.token,
      body,
      headers: key === undefined ? {} : { 'Idempotency-Key': key },
    });
    expect([status, json]).toEqual([
      200,
      { success: true, portal_url: expect.stringContaining(worker.stripe.url) },
    ]);
    expect(databaseCalls).toBeLessThanOrEqual(2);
  });

  test('is refused before a first checkout', async () => {
    const buyer = await newBuyer(worker);
    const { status, json } = await worker.request('/payment/create-portal-session', {
      token: buyer.token,
      body: {},
    });
    expect([status, json.code]).toEqual([409, 'no_billing_account']);
  });
});
