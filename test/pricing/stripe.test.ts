import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';
import {
  newAdmin,
  newPackage,
  pricesOf,
  shownPackage,
  stripePrices,
  stripeProducts,
  type Admin,
} from './support.ts';
import { syncToStripe } from '../support/stripe-sync.ts';

let worker: TestWorker;
let admin: Admin;

beforeAll(async () => {
  worker = await startWorker();
  admin = await newAdmin(worker);
});
afterEach(() => {
  worker.gateway.setFault(undefined);
  worker.stripe.setFault(undefined);
});
afterAll(() => worker.stop());

function failWhere(path: RegExp, status = 500): void {
  worker.stripe.setFault((request) =>
    request.method === 'POST' && path.test(request.path) ? { status } : 'none',
  );
}

/** The one Price of an item on which it is sold now, by the row, by the public list and by Stripe. */
async function expectOnSale(key: string, price: number): Promise<void> {
  const shown = await shownPackage(worker, key);
  expect(shown).toMatchObject({ price });
  const { price_id } = (await admin.ask(`/packages/${key}`)).json.package;
  expect(shown.price_id).toBe(price_id);
  const active = (await pricesOf(worker, key)).filter((one) => one.active);
  expect(active).toEqual([expect.objectContaining({ id: price_id, unit_amount: price, lookup_key: key })]);
}

describe('stripe:sync', () => {
  test('20 at once bring a new installation into Stripe, nothing twice; once more does nothing', async () => {
    await Promise.all(Array.from({ length: 20 }, () => syncToStripe(worker)));
    const prices = await stripePrices(worker);
    expect(await stripeProducts(worker)).toHaveLength(11);
    expect(prices).toHaveLength(11);
    await syncToStripe(worker);
    const keys = (await stripePrices(worker)).map(({ lookup_key }) => lookup_key).toSorted();
    expect(keys).toContain('starter_monthly');
    expect(new Set(keys).size).toBe(11);
    const rows = await worker.database.query('select stripe_price_id, stripe_state from prices');
    for (const row of rows) {
      expect(row).toEqual({ stripe_price_id: expect.stringMatching(/^price_/), stripe_state: 'on_sale' });
    }
    expect(await syncToStripe(worker)).toEqual({ products: 0, prices: 0, told: 0, orphans: 0, failed: 0 });
  });

  test('a Price that was changed by hand at Stripe is put right', async () => {
    const key = await newPackage(admin);
    const [price] = await pricesOf(worker, key);
    await fetch(`${worker.stripe.url}/v1/prices/${price?.id}`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${worker.stripe.apiKey}` },
      body: new URLSearchParams({ active: 'false' }),
    });
    await syncToStripe(worker);
    await expectOnSale(key, 100);
  });

  test('a Price that no offer knows is archived once it is older than an hour; those of others are left', async () => {
    const key = await newPackage(admin);
    const [own] = await pricesOf(worker, key);
    const create = async (product: string) => {
      const response = await fetch(`${worker.stripe.url}/v1/prices`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${worker.stripe.apiKey}` },
        body: new URLSearchParams({
          product,
          currency: 'gbp',
          unit_amount: '5',
          'metadata[ratecard_offer]': crypto.randomUUID(),
        }),
      });
      return ((await response.json()) as { id: string }).id;
    };
    const orphan = await create(own?.product ?? '');
    await syncToStripe(worker);
    const isActive = async (id: string) =>
      (await stripePrices(worker)).find((price) => price.id === id)?.active;
    expect(await isActive(orphan)).toBe(true);
    const other = await fetch(`${worker.stripe.url}/v1/products`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${worker.stripe.apiKey}` },
      body: new URLSearchParams({ name: 'of another installation' }),
    });
    const foreign = await create(((await other.json()) as { id: string }).id);
    const later = new Date(Date.now() + 2 * 3_600_000);
    expect((await syncToStripe(worker, { now: () => later })).orphans).toBe(1);
    expect(await isActive(orphan)).toBe(false);
    expect(await isActive(foreign)).toBe(true);
    expect(await isActive(own?.id ?? '')).toBe(true);
  });
});

describe('a failure leaves the old offer whole', () => {
  test('Stripe fails to make the Price: 503, nothing has changed, the same request succeeds later', async () => {
    const key = await newPackage(admin);
    for (const status of [500, 429]) {
      failWhere(/^\/v1\/prices$/, status);
      const answer = await admin.patch(`/packages/${key}`, { price: 200 }, { 'Idempotency-Key': key });
      expect(answer.status).toBe(503);
      expect(answer.json.code).toBe('stripe_unavailable');
      worker.stripe.setFault(undefined);
      await expectOnSale(key, 100);
    }
    const answer = await admin.patch(`/packages/${key}`, { price: 200 }, { 'Idempotency-Key': key });
    expect(answer.status).toBe(200);
    await expectOnSale(key, 200);
  });

  test('Stripe saves a fault, and would only repeat it: 503; then the creation goes on under another name', async () => {
    const key = await newPackage(admin);
    let failed = false;
    worker.stripe.setFault(({ method, path }) => {
      if (failed || method !== 'POST' || path !== '/v1/prices') return 'none';
      failed = true;
      return { status: 500, saved: true };
    });
    // The SDK does not try again, as Stripe tells it (Stripe-Should-Retry).
    const headers = { 'Idempotency-Key': key };
    expect((await admin.patch(`/packages/${key}`, { price: 200 }, headers)).status).toBe(503);
    expect((await admin.patch(`/packages/${key}`, { price: 200 }, headers)).status).toBe(200);
    await expectOnSale(key, 200);
  });

  test('Stripe fails to make the Product of a new item: 503, no item; later it is made', async () => {
    failWhere(/^\/v1\/products$/);
    const body = { package_key: 'late', name: 'late', price: 1, currency: 'GBP', credits: 1 };
    expect((await admin.ask('/packages', { body })).status).toBe(503);
    expect((await admin.ask('/packages/late')).status).toBe(404);
    worker.stripe.setFault(undefined);
    expect((await admin.ask('/packages', { body })).status).toBe(201);
    await expectOnSale('late', 1);
  });

  test('Stripe fails to be told: the change holds, and the cron tells it', async () => {
    const key = await newPackage(admin);
    failWhere(/^\/v1\/prices\/price_/);
    const answer = await admin.patch(`/packages/${key}`, { price: 200, name: 'Renamed' });
    expect(answer.status).toBe(200);
    expect(await shownPackage(worker, key)).toMatchObject({ price: 200 });
    expect((await pricesOf(worker, key)).filter(({ active }) => active)).toHaveLength(2);
    await worker.scheduled();
    expect((await pricesOf(worker, key)).filter(({ active }) => active)).toHaveLength(2);
    worker.stripe.setFault(undefined);
    await worker.scheduled();
    await expectOnSale(key, 200);
    expect((await stripeProducts(worker)).some(({ name }) => name === 'Renamed')).toBe(true);
    await eventually('the log has the line', () =>
      worker.logs().some((line) => line.includes('stripe_not_told')),
    );
  });

  test('the answer of Stripe is lost at each of its calls: the change is made once, whole', async () => {
    for (let call = 1; call <= 5; call += 1) {
      const key = await newPackage(admin);
      let seen = 0;
      worker.stripe.setFault(() => {
        seen += 1;
        return seen === call ? 'lose-answer' : 'none';
      });
      await admin.patch(`/packages/${key}`, { price: 200 });
      worker.stripe.setFault(undefined);
      await worker.scheduled();
      await expectOnSale(key, 200);
      expect(await pricesOf(worker, key)).toHaveLength(2);
    }
  });

  test('the database refuses the change: the Price that was made for it is archived', async () => {
    const key = await newPackage(admin);
    await worker.database.query(`alter table prices add constraint no_666 check (amount_minor <> 666)`);
    const answer = await admin.patch(`/packages/${key}`, { price: 666 });
    expect(answer.status).toBe(500);
    expect(answer.text).not.toMatch(/no_666|insert|select/i);
    await expectOnSale(key, 100);
    expect((await pricesOf(worker, key)).find(({ unit_amount }) => unit_amount === 666)?.active).toBe(false);
  });

  test('the database is lost before the commit: 503, the old offer is on sale', async () => {
    const key = await newPackage(admin);
    for (const fault of ['refuse', 'rollback'] as const) {
      worker.gateway.setFault(({ queries }) =>
        queries.some((query) => query.includes('publish_offer')) ? fault : 'none',
      );
      expect((await admin.patch(`/packages/${key}`, { price: 200 })).status).toBe(503);
      worker.gateway.setFault(undefined);
      expect(await shownPackage(worker, key)).toMatchObject({ price: 100 });
      expect((await admin.ask(`/packages/${key}`)).json.package.version).toBe(1);
    }
  });

  test('a currency that Stripe does not know is refused, and pointed at', async () => {
    const key = await newPackage(admin);
    const answer = await admin.patch(`/packages/${key}`, { currency: 'ZZZ' });
    expect(answer.status).toBe(422);
    expect(answer.json).toMatchObject({ code: 'terms_refused', errors: [{ pointer: '/currency' }] });
    await expectOnSale(key, 100);
  });
});

test('a run that was overtaken by another one does not trust what it told Stripe; the next one puts it right', async () => {
  const key = await newPackage(admin);
  const offers = `package_id = (select id from credit_packages where package_key = $1)`;
  let overtaking: Promise<unknown> | undefined;
  worker.gateway.setFault(({ queries }) => {
    if (!queries.some((query) => query.includes('update prices set stripe_state'))) return 'none';
    overtaking ??= worker.database.query(
      `update prices set stripe_state = 'archived' where stripe_state = 'none' and ${offers}`,
      [key],
    );
    return { delayUntil: overtaking };
  });
  expect((await admin.patch(`/packages/${key}`, { price: 200 })).status).toBe(200);
  worker.gateway.setFault(undefined);
  const states = await worker.database.query(
    `select stripe_state from prices where amount_minor = 200 and ${offers}`,
    [key],
  );
  expect(states).toEqual([{ stripe_state: 'none' }]);
  await worker.scheduled();
  await expectOnSale(key, 200);
});
