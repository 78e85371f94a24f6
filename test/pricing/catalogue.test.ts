import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  createDocumentMemory,
  publishDocument,
  readDocument,
  type DocumentContext,
} from '../../src/core/cached-document.ts';
import { createLog } from '../../src/core/log.ts';
import { systemClock } from '../../src/core/time.ts';
import { z } from 'zod';
import { eventually } from '../support/eventually.ts';
import { processed } from '../support/shop.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';
import { newAdmin, newPackage, shownPackage, type Admin } from './support.ts';
import { syncToStripe } from '../support/stripe-sync.ts';

const documentKey = 'catalogue:default';
let worker: TestWorker;
let admin: Admin;

beforeAll(async () => {
  worker = await startWorker();
  await syncToStripe(worker);
  // What Stripe tells of it asks the database, too: not while calls are counted.
  await processed(worker);
  admin = await newAdmin(worker);
});
afterEach(() => worker.gateway.setFault(undefined));
afterAll(() => worker.stop());

/** The stored copy, with another age or another content. */
async function alterStored(alter: (stored: StoredCatalogue) => unknown): Promise<void> {
  await worker.request('/payment/plans');
  const kv = await worker.catalogue();
  await eventually('the catalogue is stored', async () => (await kv.get(documentKey)) !== null);
  const stored = await kv.get<StoredCatalogue>(documentKey, 'json');
  if (stored === null) throw new Error('nothing stored');
  await worker.restart();
  await (await worker.catalogue()).put(documentKey, JSON.stringify(alter(stored)));
}

interface StoredCatalogue {
  readonly loaded_at: string;
  readonly document: { readonly version: number; readonly plans: { key: string; name: string }[] };
}

function secondsAgo(seconds: number): string {
  return new Date(Date.now() - seconds * 1000).toISOString();
}

describe('the public lists', () => {
  test('a new installation shows the 7 plans and 4 packages in their order, with Stripe Prices', async () => {
    const { json: plans, status } = await worker.request('/payment/plans');
    expect(status).toBe(200);
    expect(Object.keys(plans.plans)).toEqual([
      'starter_monthly',
      'starter_annual',
      'professional_monthly',
      'professional_annual',
      'business_monthly',
      'business_annual',
      'enterprise',
    ]);
    expect(plans.plans.starter_monthly).toMatchObject({
      name: 'Starter',
      price: 99,
      currency: 'GBP',
      interval: 'month',
      credits: 500,
      rollover_cap: 250,
      price_id: expect.stringMatching(/^price_/),
    });
    expect(plans.plans.starter_monthly.features).toContain('500 credits/month');
    const { json: packages } = await worker.request('/payment/credit-packages');
    expect(Object.keys(packages.packages)).toEqual([
      'credits_500',
      'credits_1000',
      'credits_2500',
      'credits_5000',
    ]);
    expect(packages.packages.credits_2500).toEqual({
      name: '2,500 Credits',
      price_id: expect.stringMatching(/^price_/),
      price: 400,
      currency: 'GBP',
      credits: 2500,
      description: 'Big campaign pack',
      price_per_credit: 0.16,
      badge: 'Best Value',
      sort_order: 3,
    });
    expect(packages.packages.credits_500).not.toHaveProperty('badge');
  });

  test('a warm read makes no database call, from memory and from the store', async () => {
    await worker.request('/payment/plans');
    const before = worker.gateway.requestCount;
    const warm = await worker.request('/payment/plans');
    expect(warm.headers.get('Server-Timing')).toContain('cache;desc="memory"');
    expect(warm.databaseCalls).toBe(0);
    await worker.request('/payment/credit-packages');
    expect(worker.gateway.requestCount).toBe(before);
    await alterStored((stored) => stored);
    const stored = await worker.request('/payment/plans');
    expect(stored.headers.get('Server-Timing')).toContain('cache;desc="store"');
    expect(stored.databaseCalls).toBe(0);
  });

  test('a client that holds the list gets 304, and may reuse it for seconds only', async () => {
    const first = await worker.request('/payment/plans');
    const etag = first.headers.get('ETag') ?? '';
    expect(etag).toMatch(/^W\/"[0-9a-f]{32}"$/);
    expect(
      Number(/^public, max-age=(\d+)$/.exec(first.headers.get('Cache-Control') ?? '')?.[1]),
    ).toBeLessThan(6);
    const conditional = (value: string) =>
      worker.request('/payment/plans', { headers: { 'If-None-Match': value } });
    for (const held of [etag, etag.slice(2), `"other", ${etag}`, '*']) {
      const answer = await conditional(held);
      expect(answer.status, held).toBe(304);
      expect(answer.text).toBe('');
      expect(answer.headers.get('ETag')).toBe(etag);
    }
    expect((await conditional('"other"')).status).toBe(200);
    const packages = await worker.request('/payment/credit-packages');
    expect(packages.headers.get('ETag')).not.toBe(etag);
  });

  test('a change shows in the next read, and elsewhere from the store without a database call', async () => {
    const key = await newPackage(admin);
    expect(await shownPackage(worker, key)).toMatchObject({ price: 100 });
    const changed = await admin.patch(`/packages/${key}`, { price: 120 });
    const shown = await worker.request('/payment/credit-packages');
    expect(shown.json.packages[key]).toMatchObject({ price: 120, price_id: changed.json.package.price_id });
    expect(shown.databaseCalls).toBe(0);
    const stored = await (await worker.catalogue()).get(documentKey);
    expect(stored).toContain(changed.json.package.price_id);
  });

  test('an archived item, and one that is not on sale yet, is not shown', async () => {
    const key = await newPackage(admin);
    const later = await newPackage(admin, { valid_from: new Date(Date.now() + 3_600_000).toISOString() });
    expect(await shownPackage(worker, later)).toBeUndefined();
    await admin.ask(`/packages/${key}`, { method: 'DELETE' });
    expect(await shownPackage(worker, key)).toBeUndefined();
    await admin.patch(`/packages/${key}`, { is_active: true });
    expect(await shownPackage(worker, key)).toMatchObject({ price: 100 });
  });

  test('a scheduled price flips at its instant with no write and no database call', async () => {
    const key = await newPackage(admin);
    const startsAt = new Date(Date.now() + 2500).toISOString();
    expect((await admin.patch(`/packages/${key}`, { price: 130, valid_from: startsAt })).status).toBe(200);
    const before = await worker.request('/payment/credit-packages');
    expect(before.json.packages[key].price).toBe(100);
    expect(Number(/max-age=(\d+)/.exec(before.headers.get('Cache-Control') ?? '')?.[1])).toBeLessThan(3);
    let calls = 0;
    await eventually('the scheduled price is shown', async () => {
      const answer = await worker.request('/payment/credit-packages');
      calls += answer.databaseCalls;
      const due = Date.now() >= Date.parse(startsAt);
      const { price } = answer.json.packages[key];
      if (!due) expect(price).toBe(100);
      return price === 130;
    });
    expect(Date.now() - Date.parse(startsAt)).toBeLessThan(1000);
    expect(calls).toBe(0);
  });
});

describe('faults', () => {
  test('with the database down prices are served, and marked stale', async () => {
    await alterStored((stored) => ({ ...stored, loaded_at: secondsAgo(120) }));
    worker.gateway.setFault(() => 'refuse');
    expect((await worker.request('/payment/plans')).status).toBe(200);
    await eventually('the answer is marked stale', async () => {
      const answer = await worker.request('/payment/plans');
      expect(answer.status).toBe(200);
      expect(Object.keys(answer.json.plans)).toHaveLength(7);
      expect(Number(answer.headers.get('Age'))).toBeGreaterThanOrEqual(120);
      return answer.headers.get('Warning') === '110 - "Response is Stale"';
    });
    const admins = await admin.ask('/plans/starter_monthly');
    expect(admins.status).toBe(503);
    expect(admins.headers.get('Retry-After')).toMatch(/^\d+$/);
  });

  test('with an unreadable store prices come from the database; with that down too, 503 and no empty list', async () => {
    await alterStored(() => ({ some: 'garbage' }));
    const answer = await worker.request('/payment/plans');
    expect(answer.headers.get('Server-Timing')).toContain('cache;desc="database"');
    expect(Object.keys(answer.json.plans)).toHaveLength(7);
    await alterStored(() => ({ some: 'garbage' }));
    worker.gateway.setFault(() => 'refuse');
    const none = await worker.request('/payment/plans');
    expect(none.status).toBe(503);
    expect(none.json.code).toBe('database_unavailable');
    expect(none.headers.get('Retry-After')).toMatch(/^\d+$/);
  });

  test('a reader with an older catalogue leaves the newer one in the store', async () => {
    await alterStored(({ document }) => ({
      loaded_at: secondsAgo(120),
      document: { ...document, version: document.version + 1000 },
    }));
    const before = worker.gateway.requestCount;
    await worker.request('/payment/plans');
    await eventually('the reader has asked the database', () => worker.gateway.requestCount > before);
    const kv = await worker.catalogue();
    // Once it has read again, what it does with its older copy is done.
    await worker.request('/payment/plans');
    const stored = await kv.get<StoredCatalogue>(documentKey, 'json');
    expect(stored?.document.version).toBeGreaterThan(1000);
  });

  test.each([
    ['a store that answers what it holds', (key: string, stored: Map<string, string>) => stored.get(key)],
    ['a store that still answers what it held, as KV does at its edge', () => undefined],
  ])('a reader slower than a change puts the old document back nowhere: %s', async (_name, answerOf) => {
    const stored = new Map<string, string>();
    const background: Promise<unknown>[] = [];
    const context: DocumentContext = {
      memory: createDocumentMemory(),
      store: {
        get: async (key) => JSON.parse(answerOf(key, stored) ?? 'null') as unknown,
        put: async (key, value) => void stored.set(key, value),
      },
      clock: systemClock,
      log: createLog(),
      waitUntil: (promise) => void background.push(promise),
    };
    const definition = { key: 'document', schema: z.object({ version: z.number() }) };
    const slow = Promise.withResolvers<{ version: number }>();
    const reading = readDocument(context, definition, () => slow.promise);
    await publishDocument(context, definition, { version: 2 });
    slow.resolve({ version: 1 });
    expect((await reading).document.version).toBe(2);
    await Promise.all(background);
    expect(stored.get('document')).toContain('"version":2');
    const next = await readDocument(context, definition, () => Promise.reject(new Error('not needed')));
    expect(next.document.version).toBe(2);
  });

  test('the cron replaces a stored catalogue that plain SQL has made old', async () => {
    await worker.restart();
    await worker.request('/payment/plans');
    await worker.database.query(
      `update subscription_plans set name = 'Starter!' where plan_key = 'starter_monthly'`,
    );
    await worker.scheduled();
    await eventually('the store is mended', async () => {
      const text = (await (await worker.catalogue()).get(documentKey)) ?? '';
      return text.includes('Starter!');
    });
    expect((await worker.request('/payment/plans')).json.plans.starter_monthly.name).toBe('Starter!');
  });
});
