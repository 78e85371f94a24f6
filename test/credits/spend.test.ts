import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectSoundLedger, grant } from '../support/ledger.ts';
import { newBuyer, type Buyer } from '../support/shop.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker();
});
afterAll(async () => {
  await expectSoundLedger(worker.database.query);
  await worker.stop();
});

async function rich(credits: number): Promise<Buyer & { readonly id: string }> {
  const buyer = await newBuyer(worker);
  return { ...buyer, id: await grant(worker, buyer, credits) };
}

const spend = (buyer: Buyer, body: unknown, key?: string) =>
  worker.request('/credits/spend', {
    token: buyer.token,
    body,
    headers: key === undefined ? {} : { 'Idempotency-Key': key },
  });

describe('a spend', () => {
  test('takes what the operation costs, and says which lots paid', async () => {
    const buyer = await rich(100);
    const body = { operation_type: 'blog_post', quantity: 3, details: { posts: ['a', 'b', { c: null }] } };
    const { status, json, databaseCalls } = await spend(buyer, body);
    expect([status, databaseCalls]).toEqual([200, 1]);
    expect(json).toEqual({
      success: true,
      transaction: {
        id: expect.any(String),
        transaction_type: 'spend',
        amount: -15,
        balance_after: 85,
        operation_type: 'blog_post',
        operation_details: body.details,
        quantity: 3,
        description: '3 × blog_post',
        reason: null,
        created_at: expect.stringMatching(/Z$/),
        lots: [
          { lot_id: expect.any(String), kind: 'purchased', source: 'admin', amount: -15, expires_at: null },
        ],
      },
      credits: { balance: 85, available: 85, held: 0, debt: 0 },
    });
  });

  test('repeated under its key answers the first result to the byte, and takes nothing more', async () => {
    const buyer = await rich(100);
    const key = randomUUID();
    const first = await spend(buyer, { amount: 7, quantity: 2 }, key);
    await spend(buyer, { amount: 1 });
    const again = await spend(buyer, { amount: 7, quantity: 2 }, key);
    expect([first.status, first.headers.get('Idempotent-Replayed'), first.databaseCalls]).toEqual([
      200,
      null,
      1,
    ]);
    expect([again.status, again.headers.get('Idempotent-Replayed'), again.databaseCalls]).toEqual([
      200,
      'true',
      1,
    ]);
    expect(again.text).toBe(first.text);
    const other = await spend(buyer, { amount: 8 }, key);
    expect([other.status, other.json.code]).toEqual([422, 'idempotency_key_reused']);
  });

  test('repeated after a rollover has moved the expiry of its lots still answers the first result', async () => {
    const buyer = await newBuyer(worker);
    const soon = new Date(Date.now() + 86_400_000);
    await grant(worker, buyer, 5, { kind: 'promotional', expiresAt: soon });
    const later = new Date(Date.now() + 2 * 86_400_000);
    const customer = await grant(worker, buyer, 5, { kind: 'promotional', expiresAt: later });
    const key = randomUUID();
    const first = await spend(buyer, { amount: 8 }, key);
    const lots = first.json.transaction.lots.map((lot: { expires_at: string }) => lot.expires_at);
    expect(lots).toEqual([soon.toISOString(), later.toISOString()]);
    await worker.database.query(
      "update credit_lots set expires_at = expires_at + interval '1 month' where customer_id = $1 and expires_at = $2",
      [customer, soon],
    );
    expect((await spend(buyer, { amount: 8 }, key)).text).toBe(first.text);
  });
});
