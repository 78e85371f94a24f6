import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
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

describe('the history', () => {
  test('is the whole ledger, newest first', async () => {
    const { status, json, databaseCalls } = await get('/credits/history');
    expect([status, json.count, json.next_cursor, databaseCalls]).toEqual([200, 3, null, 1]);
    const [plan, large, small] = json.transactions;
    expect(plan).toEqual({
      id: expect.any(String),
      transaction_type: 'subscription_grant',
      amount: 500,
      balance_after: 2000,
      operation_type: null,
      operation_details: null,
      quantity: null,
      description: 'Monthly credits of Starter',
      reason: null,
      created_at: expect.stringMatching(/Z$/),
    });
    expect([large.description, large.balance_after]).toEqual(['Purchased 1,000 Credits', 1500]);
    expect([small.description, small.balance_after]).toEqual(['Purchased 500 Credits', 500]);
  });

  test('comes in pages that neither repeat nor leave out an entry', async () => {
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { json } = await get(`/credits/history?limit=1${cursor && `&cursor=${cursor}`}`);
      expect(json.count).toBe(1);
      seen.push(json.transactions[0].id);
      cursor = json.next_cursor;
    }
    const { json } = await get('/credits/history');
    expect(seen).toEqual(json.transactions.map(({ id }: { id: string }) => id));
  });

  test.each([
    'limit=0',
    'limit=-1',
    'limit=101',
    'limit=1e2',
    'limit=NaN',
    'limit=',
    'cursor=x',
    'cursor=',
    'cursor=-1',
    'limit=1&limit=2',
  ])('refuses ?%s', async (query) => {
    expect((await get(`/credits/history?${query}`)).status).toBe(400);
  });
});

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
