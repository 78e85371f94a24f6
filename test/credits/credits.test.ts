import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { grant } from '../support/ledger.ts';
import { balanceOf, buy, newBuyer, pay, processed, type Buyer } from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;
/** Has bought 500 + 1,000 credits, and a plan of 500 a month. */
let buyer: Buyer;

beforeAll(async () => {
  worker = await startWorker();
  await syncToStripe(worker);
  buyer = await newBuyer(worker);
  for (const item of [{ package: 'credits_500' }, { package: 'credits_1000' }, { plan: 'starter_monthly' }]) {
    const { checkoutUrl } = await buy(worker, buyer, item);
    await pay(checkoutUrl);
    await processed(worker);
  }
});
afterAll(() => worker.stop());

const get = async (path: string, reader = buyer) => worker.request(path, { token: reader.token });

describe('a check', () => {
  test('sets what an operation costs beside what there is', async () => {
    const { status, json, databaseCalls } = await get('/credits/check/ai_video_8sec');
    expect({ status, json, databaseCalls }).toEqual({
      status: 200,
      json: {
        success: true,
        has_credits: true,
        required: 200,
        available: 2000,
        operation_type: 'ai_video_8sec',
      },
      databaseCalls: 1,
    });
    const poor = await get('/credits/check/ai_video_8sec', await newBuyer(worker));
    expect(poor.json).toMatchObject({ has_credits: false, required: 200, available: 0 });
  });

  test('counts uses, and what is available: neither what is held nor what is over', async () => {
    const user = await newBuyer(worker);
    const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000);
    const id = await grant(worker, user, 100, { now: hoursAgo(2) });
    await grant(worker, user, 50, { expiresAt: hoursAgo(1), now: hoursAgo(2) });
    const hold = (amount: number, expiresAt: Date) =>
      worker.database.query(
        `select hold_credits($1, gen_random_uuid(), null, $2, 1, null, 'test', $3, null, null, 'test', $4)`,
        [id, amount, expiresAt, hoursAgo(2)],
      );
    await hold(55, hoursAgo(0.5));
    await hold(40, hoursAgo(-1));
    const check = async (query: string) => (await get(`/credits/check/ai_image_ultra${query}`, user)).json;
    expect(await check('?quantity=3')).toMatchObject({ has_credits: true, required: 60, available: 60 });
    expect(await check('?quantity=4')).toMatchObject({ has_credits: false, required: 80, available: 60 });
    await worker.database.query('select expire_credits(1000, now())');
    expect(await check('')).toMatchObject({ required: 20, available: 60 });
    for (const quantity of ['0', '-1', '1.5', '1000001', 'x', '']) {
      expect((await get(`/credits/check/blog_post?quantity=${quantity}`, user)).status).toBe(400);
    }
  });

  test('says no where there is a debt, even to what costs nothing', async () => {
    const user = await newBuyer(worker);
    const id = await grant(worker, user, 10);
    await worker.database.query(
      `select claw_back_credits($1, 15, null, $2, 'test', null, null, 'test', now())`,
      [id, user.subject],
    );
    await worker.database.query("insert into credit_costs (operation_type, credits) values ('free_look', 0)");
    const { json } = await get('/credits/check/free_look', user);
    await worker.database.query("delete from credit_costs where operation_type = 'free_look'");
    expect(json).toMatchObject({ has_credits: false, required: 0, available: 0 });
  });

  test('is made for a customer that a service names', async () => {
    const path = `/credits/check/blog_post?customer=${buyer.subject}`;
    const { json } = await worker.request(path, { token: await worker.token('service') });
    expect(json).toMatchObject({ has_credits: true, available: 2000 });
  });

  test.each(['no_such_operation', 'constructor', '%00', "x' or 1=1"])(
    'of %s finds no operation',
    async (operation) => {
      expect((await get(`/credits/check/${encodeURIComponent(operation)}`)).status).toBe(404);
    },
  );
});

describe('the costs', () => {
  const costs = {
    social_caption: 2,
    blog_post: 5,
    ai_image_standard: 10,
    ai_image_ultra: 20,
    ai_video_8sec: 200,
    strategy_generation: 10,
    competitor_analysis: 5,
    brand_voice_analysis: 3,
  };

  test('are open to all, and take no database call once they are known', async () => {
    await worker.request('/credits/costs');
    const { status, json, databaseCalls, headers } = await worker.request('/credits/costs');
    expect([status, json, databaseCalls]).toEqual([200, { success: true, costs }, 0]);
    const etag = headers.get('ETag') ?? '';
    const again = await worker.request('/credits/costs', { headers: { 'If-None-Match': etag } });
    expect([again.status, again.text]).toEqual([304, '']);
  });

  test('are served, marked stale, while the database is down; without a copy they are not', async () => {
    await worker.request('/credits/costs');
    worker.gateway.setFault(() => 'refuse');
    try {
      expect((await worker.request('/credits/costs')).json.costs).toEqual(costs);
      await worker.restart();
      const { status, json, headers } = await worker.request('/credits/costs');
      expect([status, json.code]).toEqual([503, 'database_unavailable']);
      expect(headers.get('Retry-After')).not.toBeNull();
    } finally {
      worker.gateway.setFault(undefined);
    }
  });

  test('that changed are brought into the stored copy by the scheduled job', async () => {
    await worker.request('/credits/costs');
    await worker.database.query("update credit_costs set credits = 7 where operation_type = 'blog_post'");
    await worker.scheduled();
    const stored = await (
      await worker.catalogue()
    ).get<{ document: { costs: object } }>('credit-costs:default', 'json');
    expect(stored?.document.costs).toEqual({ ...costs, blog_post: 7 });
    await eventually('readers are shown the change', async () => {
      return (await worker.request('/credits/costs')).json.costs.blog_post === 7;
    });
  });
});

test('customers without a row read zeros, whatever they ask', async () => {
  const stranger = await newBuyer(worker);
  expect(await balanceOf(worker, stranger)).toBe(0);
  expect((await get('/credits/history', stranger)).json).toMatchObject({
    transactions: [],
    count: 0,
    next_cursor: null,
  });
  expect((await get('/payment/status', stranger)).json.payment_status.subscription_status).toBe('none');
});
