import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectSoundLedger, grant } from '../support/ledger.ts';
import { balanceOf, newBuyer, type Buyer } from '../support/shop.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;
let admin: string;
const adminSubject = randomUUID();

beforeAll(async () => {
  worker = await startWorker();
  admin = await worker.token('admin', adminSubject);
});
afterAll(async () => {
  await expectSoundLedger(worker.database.query);
  await worker.stop();
});

type How = 'grant' | 'adjust' | 'claw-back';
const move = (customer: string, how: How, body: unknown, key?: string) =>
  worker.request(`/admin/customers/${encodeURIComponent(customer)}/credits/${how}`, {
    token: admin,
    body,
    headers: key === undefined ? {} : { 'Idempotency-Key': key },
  });

async function rich(credits: number): Promise<Buyer & { readonly id: string }> {
  const buyer = await newBuyer(worker);
  return { ...buyer, id: await grant(worker, buyer, credits) };
}

const detailOf = async (buyer: Buyer, id: string) =>
  (await worker.request(`/credits/transactions/${id}`, { token: buyer.token })).json.transaction;

describe('an admin', () => {
  test('grants promotional credits, and the ledger keeps who and why', async () => {
    const buyer = await rich(100);
    const expiresAt = new Date(Date.now() + 86_400_000).toISOString();
    const body = { credits: 40, reason: 'outage in May', description: 'Sorry', expires_at: expiresAt };
    const { status, json, databaseCalls } = await move(buyer.subject, 'grant', body);
    expect([status, databaseCalls]).toEqual([200, 1]);
    expect(json).toMatchObject({
      success: true,
      transaction: {
        transaction_type: 'admin_grant',
        amount: 40,
        balance_after: 140,
        description: 'Sorry',
        reason: 'outage in May',
        lots: [{ kind: 'promotional', source: 'admin', amount: 40, expires_at: expiresAt }],
      },
      credits: { balance: 140, available: 140, held: 0, debt: 0 },
    });
    expect((await detailOf(buyer, json.transaction.id)).caused_by).toEqual({
      actor: `admin:${adminSubject}`,
      event_id: null,
      reason: 'outage in May',
      source_ref: expect.any(String),
    });
  });

  test('adjusts up and down, by no more than is available', async () => {
    const buyer = await rich(100);
    await worker.request('/credits/holds', { token: buyer.token, body: { amount: 30 } });
    const more = await move(buyer.id, 'adjust', { credits: 5, reason: 'counted wrong' });
    expect(more.json.transaction).toMatchObject({ transaction_type: 'adjustment', amount: 5 });
    const less = await move(buyer.id, 'adjust', { credits: -75, reason: 'counted wrong' });
    expect(less.json).toMatchObject({ transaction: { amount: -75 }, credits: { balance: 30, available: 0 } });
    const tooMuch = await move(buyer.id, 'adjust', { credits: -1, reason: 'counted wrong' });
    expect([tooMuch.status, tooMuch.json.code]).toEqual([409, 'insufficient_credits']);
    expect(tooMuch.json).toMatchObject({ required: 1, available: 0, debt: 0 });
    expect(await balanceOf(worker, buyer)).toBe(30);
  });

  test('claws back what is there from the named lot first, and the rest becomes debt, which is repaid', async () => {
    const buyer = await rich(100);
    await grant(worker, buyer, 10, { expiresAt: new Date(Date.now() + 3_600_000) });
    const { lots } = (await worker.request('/credits/balance', { token: buyer.token })).json.credits;
    const lasting = lots[1].id;
    const first = await move(buyer.id, 'claw-back', { credits: 60, reason: 'fraud', lot_id: lasting });
    expect(first.json.transaction.lots).toEqual([expect.objectContaining({ lot_id: lasting, amount: -60 })]);
    const second = await move(buyer.id, 'claw-back', { credits: 75, reason: 'fraud' });
    expect(second.json).toMatchObject({ credits: { balance: -25, available: 0, debt: 25 } });
    const third = await move(buyer.id, 'grant', { credits: 30, reason: 'not fraud' });
    expect(third.json).toMatchObject({ credits: { balance: 5, available: 5, debt: 0 } });
    expect((await detailOf(buyer, third.json.transaction.id)).debt_change).toBe(-25);
  });

  test('names the customer by subject, by our id and by its id at Stripe', async () => {
    const buyer = await rich(1);
    const stripeId = `cus_${randomUUID().replaceAll('-', '')}`;
    await worker.database.query('update customers set stripe_customer_id = $2 where id = $1', [
      buyer.id,
      stripeId,
    ]);
    for (const name of [buyer.subject, buyer.id, stripeId]) {
      expect((await move(name, 'grant', { credits: 1, reason: 'test' })).status).toBe(200);
    }
    expect(await balanceOf(worker, buyer)).toBe(4);
  });
});

describe('what an admin does', () => {
  const requests: Readonly<Record<How, { credits: number }>> = {
    grant: { credits: 5 },
    adjust: { credits: -5 },
    'claw-back': { credits: 5 },
  };
  const balanceAfter: Readonly<Record<How, number>> = { grant: 105, adjust: 95, 'claw-back': 95 };

  test.each(Object.keys(requests) as How[])(
    '20 times at once under one key, %s moves credits once',
    async (how) => {
      const buyer = await rich(100);
      const key = randomUUID();
      const body = { ...requests[how], reason: 'once' };
      const answers = await Promise.all(
        Array.from({ length: 20 }, () => move(buyer.subject, how, body, key)),
      );
      const done = answers.filter(({ status }) => status === 200);
      expect(done.length).toBeGreaterThan(0);
      expect(new Set(done.map(({ text }) => text)).size).toBe(1);
      for (const { status, json } of answers.filter((answer) => answer.status !== 200)) {
        expect([status, json.code]).toEqual([409, 'idempotency_key_in_use']);
      }
      expect(await balanceOf(worker, buyer)).toBe(balanceAfter[how]);
      const again = await move(buyer.subject, how, body, key);
      expect([again.text, again.headers.get('Idempotent-Replayed')]).toEqual([done[0]?.text, 'true']);
      const other = await move(buyer.subject, how, { ...body, reason: 'other' }, key);
      expect([other.status, other.json.code]).toEqual([422, 'idempotency_key_reused']);
    },
  );

  test.each(Object.keys(requests) as How[])(
    'is done once, and answered, when the first answer was lost: %s',
    async (how) => {
      const buyer = await rich(100);
      const key = randomUUID();
      const body = { ...requests[how], reason: 'once' };
      worker.gateway.setFault(({ queries }) =>
        queries.some((query) => query.includes('_credits(customer_id')) ? 'lose-answer' : 'none',
      );
      const lost = await move(buyer.subject, how, body, key);
      worker.gateway.setFault(undefined);
      expect(lost.status).toBe(503);
      // Its lease is over.
      await worker.database.query("update idempotency_keys set lease_until = now() - interval '1 hour'");
      const again = await move(buyer.subject, how, body, key);
      expect([again.status, again.json.credits.balance]).toEqual([200, balanceAfter[how]]);
      expect(await balanceOf(worker, buyer)).toBe(balanceAfter[how]);
    },
  );

  test.each([
    ['grant', '/credits', { credits: -5, reason: 'x' }],
    ['grant', '/credits', { credits: 0, reason: 'x' }],
    ['grant', '/credits', { credits: 1.5, reason: 'x' }],
    ['grant', '/credits', { credits: 1_000_000_001, reason: 'x' }],
    ['grant', '/credits', { credits: 1e300, reason: 'x' }],
    ['grant', '/credits', { credits: '5', reason: 'x' }],
    ['grant', '/reason', { credits: 5 }],
    ['grant', '/reason', { credits: 5, reason: '  ' }],
    ['grant', '/reason', { credits: 5, reason: 'x'.repeat(501) }],
    ['grant', '/reason', { credits: 5, reason: '\u0000' }],
    ['grant', '/expires_at', { credits: 5, reason: 'x', expires_at: '2020-01-01T00:00:00Z' }],
    ['grant', '/expires_at', { credits: 5, reason: 'x', expires_at: '0000-01-01T00:00:00Z' }],
    ['grant', '/kind', { credits: 5, reason: 'x', kind: 'purchased' }],
    ['adjust', '/credits', { credits: 0, reason: 'x' }],
    ['adjust', '/credits', { credits: -1_000_000_001, reason: 'x' }],
    ['adjust', '/reason', { credits: 5 }],
    ['claw-back', '/credits', { credits: -5, reason: 'x' }],
    ['claw-back', '/lot_id', { credits: 5, reason: 'x', lot_id: 'lot' }],
    ['claw-back', '/reason', { credits: 5 }],
  ] as const)('%s is refused at %s: %j', async (how, pointer, body) => {
    const buyer = await rich(100);
    const { status, json } = await move(buyer.subject, how, body);
    expect([status, json.errors[0].pointer]).toEqual([422, pointer]);
    expect(await balanceOf(worker, buyer)).toBe(100);
  });

  test('is refused for a customer, or a lot of the customer’s, that does not exist', async () => {
    for (const name of [randomUUID(), 'nobody', "x' or 1=1", 'cus_nobody']) {
      for (const how of Object.keys(requests) as How[]) {
        const { status, json } = await move(name, how, { ...requests[how], reason: 'x' });
        expect([status, json.code]).toEqual([404, 'customer_not_found']);
      }
    }
    const [buyer, stranger] = [await rich(100), await rich(100)];
    const { lots } = (await worker.request('/credits/balance', { token: stranger.token })).json.credits;
    for (const lot of [randomUUID(), lots[0].id]) {
      const body = { credits: 5, reason: 'x', lot_id: lot };
      const { status, json } = await move(buyer.subject, 'claw-back', body);
      expect([status, json.code]).toEqual([404, 'lot_not_found']);
    }
    expect(await balanceOf(worker, buyer)).toBe(100);
    expect(await balanceOf(worker, stranger)).toBe(100);
  });
});
