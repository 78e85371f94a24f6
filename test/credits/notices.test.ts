import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectSoundLedger, grant } from '../support/ledger.ts';
import { balanceOf, newBuyer } from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { subscriber } from '../support/subscriber.ts';
import { noticesOf, use } from '../support/top-up.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker();
  await syncToStripe(worker);
});
afterAll(async () => {
  await expectSoundLedger(worker.database.query);
  await worker.stop();
});

const low = (available: number) => ({ type: 'credits.low', data: { available, monthly_allocation: 500 } });

test('a balance that falls below a fifth of the month’s is told once, and again after there was more', async () => {
  const buyer = await subscriber(worker, 'starter_monthly');
  expect(await balanceOf(worker, buyer)).toBe(500);
  const atOnce = (amount: number) =>
    Promise.all(Array.from({ length: 20 }, () => use(worker, buyer, amount)));
  await atOnce(20);
  expect(await noticesOf(worker, buyer)).toEqual([]);
  const spends = await atOnce(4);
  expect(spends.map(({ status }) => status)).toEqual(spends.map(() => 200));
  expect(await noticesOf(worker, buyer)).toEqual([low(96)]);
  await atOnce(1);
  expect(await noticesOf(worker, buyer)).toEqual([low(96)]);
  await grant(worker, buyer, 100, { now: await worker.now() });
  expect(await noticesOf(worker, buyer)).toHaveLength(1);
  await atOnce(3);
  expect(await noticesOf(worker, buyer)).toEqual([low(97), low(96)]);
});

test('a hold that leaves too little is told, and one that is refused is not', async () => {
  const buyer = await subscriber(worker, 'starter_monthly');
  const hold = (amount: number) => worker.request('/credits/holds', { token: buyer.token, body: { amount } });
  expect((await hold(501)).status).toBe(402);
  expect(await noticesOf(worker, buyer)).toEqual([]);
  const { json } = await hold(401);
  expect(await noticesOf(worker, buyer)).toEqual([low(99)]);
  await worker.request(`/credits/holds/${json.hold.id}/release`, { token: buyer.token, body: {} });
  expect((await hold(402)).status).toBe(200);
  expect(await noticesOf(worker, buyer)).toEqual([low(98), low(99)]);
});

test('notices come newest first, page by page, each once, and nobody else’s', async () => {
  const [buyer, other] = [await newBuyer(worker), await newBuyer(worker)];
  const [id, otherId] = [await grant(worker, buyer, 1), await grant(worker, other, 1)];
  // Several of one instant, too.
  await worker.database.query(
    `insert into customer_notices (customer_id, notice_type, data, created_at)
     select $1::uuid, 'test', jsonb_build_object('n', n), '2026-01-01T00:00:00Z'::timestamptz + (n / 2) * interval '1 second'
     from generate_series(1, 7) as n union all select $2::uuid, 'test', '{}', now()`,
    [id, otherId],
  );
  const found: { data: { n: number }; created_at: string; id: string }[] = [];
  let cursor: string | null = '';
  for (let pages = 0; cursor !== null; pages += 1) {
    const query: string = cursor === '' ? '' : `&cursor=${cursor}`;
    const { status, json } = await worker.request(`/credits/notices?limit=2${query}`, { token: buyer.token });
    expect(status).toBe(200);
    expect(json.count).toBe(json.notices.length);
    found.push(...json.notices);
    cursor = json.next_cursor;
    expect(pages).toBeLessThan(5);
  }
  expect(found.map(({ data }) => data.n).toSorted()).toEqual([1, 2, 3, 4, 5, 6, 7]);
  expect(found.map(({ created_at }) => created_at)).toEqual(
    found
      .map(({ created_at }) => created_at)
      .toSorted()
      .toReversed(),
  );
  expect(await noticesOf(worker, other)).toHaveLength(1);
  for (const query of ['cursor=x', 'limit=0', 'limit=101', 'surprise=1']) {
    const { status } = await worker.request(`/credits/notices?${query}`, { token: buyer.token });
    expect([query, status]).toEqual([query, 400]);
  }
});
