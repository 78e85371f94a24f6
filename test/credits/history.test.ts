import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectSoundLedger, grant } from '../support/ledger.ts';
import { buy, newBuyer, pay, processed, type Buyer } from '../support/shop.ts';
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
afterAll(async () => {
  await expectSoundLedger(worker.database.query);
  await worker.stop();
});

const get = async (path: string, reader = buyer) => worker.request(path, { token: reader.token });
const post = async (path: string, body: unknown, user: Buyer) =>
  (await worker.request(path, { token: user.token, body })).json;
type Entry = Readonly<Record<string, unknown>>;

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
      debt_change: 0,
      created_at: expect.stringMatching(/Z$/),
    });
    expect([large.description, large.balance_after]).toEqual(['Purchased 1,000 Credits', 1500]);
    expect([small.description, small.balance_after]).toEqual(['Purchased 500 Credits', 500]);
  });

  test('comes in pages that neither repeat nor leave out an entry, while more entries come', async () => {
    const user = await newBuyer(worker);
    for (let index = 0; index < 5; index += 1) await grant(worker, user, index + 1);
    const seen: Entry[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const { json } = await get(`/credits/history?limit=2${cursor && `&cursor=${cursor}`}`, user);
      seen.push(...json.transactions);
      cursor = json.next_cursor;
      await grant(worker, user, 100);
    }
    expect(seen.map(({ amount }) => amount)).toEqual([5, 4, 3, 2, 1]);
  });

  test('is filtered by type, operation and time, page by page', async () => {
    const user = await newBuyer(worker);
    await grant(worker, user, 100);
    for (const operation_type of ['blog_post', 'social_caption', 'blog_post']) {
      await post('/credits/spend', { operation_type }, user);
    }
    await post('/credits/spend', { amount: 1 }, user);
    const read = async (query: string) => (await get(`/credits/history?${query}`, user)).json;
    const amounts = async (query: string) =>
      (await read(query)).transactions.map(({ amount }: Entry) => amount);
    expect(await amounts('transaction_type=spend')).toEqual([-1, -5, -2, -5]);
    expect(await amounts('operation_type=blog_post')).toEqual([-5, -5]);
    expect(await amounts('transaction_type=purchase&operation_type=blog_post')).toEqual([]);

    const first = await read('operation_type=blog_post&limit=1');
    const second = await read(`operation_type=blog_post&limit=1&cursor=${first.next_cursor}`);
    expect([first.count, second.count, second.next_cursor]).toEqual([1, 1, null]);
    expect(second.transactions[0].id).not.toBe(first.transactions[0].id);

    const [newest, , third] = (await read('')).transactions;
    expect(await amounts(`from=${newest.created_at}`)).toContain(-1);
    expect(await amounts(`to=${third.created_at}`)).not.toContain(-1);
    expect(await amounts('from=2099-01-01T00:00:00Z')).toEqual([]);
    expect(await amounts('to=1999-01-01T00:00:00Z')).toEqual([]);
  });

  test('is read by service, viewer and admin for a customer that they name', async () => {
    for (const role of ['service', 'viewer', 'admin'] as const) {
      const token = await worker.token(role);
      const named = await worker.request(`/credits/history?customer=${buyer.subject}`, { token });
      expect([named.status, named.json.count]).toEqual([200, 3]);
      const unknown = await worker.request(`/credits/history?customer=${randomUUID()}`, { token });
      expect([unknown.status, unknown.json.code]).toEqual([404, 'customer_not_found']);
    }
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
    'transaction_type=gift',
    'operation_type=A',
    'from=yesterday',
    'from=0000-01-01T00:00:00Z',
    'to=2026-01-01',
    'unknown=1',
  ])('refuses ?%s', async (query) => {
    expect((await get(`/credits/history?${query}`)).status).toBe(400);
  });
});

describe('a transaction', () => {
  const read = async (id: string, reader = buyer) => get(`/credits/transactions/${id}`, reader);
  const newest = async (reader: Buyer): Promise<string> =>
    (await get('/credits/history?limit=1', reader)).json.transactions[0].id;

  test('that granted tells its lot, what was sold, which payment paid, and which event caused it', async () => {
    const { transactions } = (await get('/credits/history')).json;
    const [payment] = await worker.database.query<{ intent: string }>(
      `select stripe_payment_intent_id as intent from payments
       where stripe_invoice_id is null and amount_minor = (select amount_minor from prices where credits = 1000 limit 1)`,
    );
    const { status, json, databaseCalls } = await read(transactions[1].id);
    expect([status, databaseCalls]).toEqual([200, 1]);
    expect(json.transaction).toEqual({
      ...transactions[1],
      lots: [
        {
          lot_id: expect.any(String),
          kind: 'purchased',
          source: 'checkout_session',
          amount: 1000,
          expires_at: null,
          offer: {
            item_type: 'package',
            item_key: 'credits_1000',
            name: '1,000 Credits',
            price_id: expect.stringMatching(/^price_/),
          },
          payment: { payment_intent_id: payment?.intent, invoice_id: null },
        },
      ],
      hold: null,
      caused_by: {
        actor: 'system:webhook',
        event_id: expect.stringMatching(/^evt_/),
        reason: null,
        source_ref: expect.stringMatching(/^cs_test_/),
      },
    });
    const [lot] = (await read(transactions[0].id)).json.transaction.lots;
    expect(lot).toMatchObject({
      kind: 'plan',
      offer: { item_type: 'plan', item_key: 'starter_monthly' },
      payment: { invoice_id: expect.stringMatching(/^in_/) },
    });
  });

  test('that spent tells which lots paid how much, and who asked', async () => {
    const user = await newBuyer(worker);
    await grant(worker, user, 10, { expiresAt: new Date(Date.now() + 3_600_000) });
    await grant(worker, user, 10);
    const { transaction } = await post('/credits/spend', { amount: 3, quantity: 5 }, user);
    const { json } = await read(transaction.id, user);
    expect(json.transaction).toMatchObject({ ...transaction, quantity: 5, hold: null });
    expect(
      json.transaction.lots.map(({ amount, offer, payment }: Entry) => [amount, offer, payment]),
    ).toEqual([
      [-10, null, null],
      [-5, null, null],
    ]);
    expect(json.transaction.caused_by).toMatchObject({ actor: `customer:${user.subject}`, event_id: null });
  });

  test('that captured tells its hold', async () => {
    const user = await newBuyer(worker);
    await grant(worker, user, 10);
    const { hold } = await post('/credits/holds', { amount: 8 }, user);
    const captured = await post(`/credits/holds/${hold.id}/capture`, { amount: 5 }, user);
    const { json } = await read(captured.transaction.id, user);
    expect(json.transaction.hold).toEqual(captured.hold);
  });

  test('of another customer is not found, whoever asks for it in whose name', async () => {
    const id = await newest(buyer);
    const stranger = await newBuyer(worker);
    await grant(worker, stranger, 1);
    const asked = [await read(id, stranger), await read(randomUUID())];
    for (const role of ['service', 'viewer', 'admin'] as const) {
      const token = await worker.token(role);
      asked.push(await worker.request(`/credits/transactions/${id}?customer=${stranger.subject}`, { token }));
      const named = `/credits/transactions/${id}?customer=${buyer.subject}`;
      expect((await worker.request(named, { token })).status).toBe(200);
    }
    for (const { status, json } of asked) {
      expect([status, json.code]).toEqual([404, 'transaction_not_found']);
    }
    expect((await read('not-an-id')).status).toBe(404);
  });
});
