import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accessClaims, signToken } from '../../dev/sign-token.ts';
import { grant } from '../support/ledger.ts';
import { deliver, inboxRow, newBuyer, type Buyer } from '../support/shop.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

const daySeconds = 24 * 60 * 60;
const event = (id: string) => ({
  id,
  object: 'event',
  type: 'product.created',
  api_version: '2020-08-27',
  created: 1,
  livemode: false,
  data: { object: { id: 'prod_1', object: 'product' } },
});

async function holdOf(worker: TestWorker, buyer: Buyer): Promise<string> {
  const { json } = await worker.request('/credits/holds', { token: buyer.token, body: { amount: 5 } });
  return json.hold.id;
}

const statusOf = async (worker: TestWorker, buyer: Buyer, hold: string): Promise<string> =>
  (await worker.request(`/credits/holds/${hold}`, { token: buyer.token })).json.hold.status;

describe('when the time of the Stripe sandbox is moved ahead', () => {
  let worker: TestWorker;
  let buyer: Buyer;
  let hold: string;

  beforeAll(async () => {
    worker = await startWorker();
    buyer = await newBuyer(worker);
    await grant(worker, buyer, 10);
    hold = await holdOf(worker, buyer);
    await worker.request('/payment/plans');
    await worker.advance('month');
  });
  afterAll(() => worker.stop());

  test('business follows, in requests and in what runs by cron', async () => {
    expect((await worker.now()).getTime()).toBeGreaterThan(Date.now() + 27 * daySeconds * 1000);
    const rows = await worker.database.query<{ status: string; settled_at: Date }>(
      'select status, settled_at from credit_holds where id = $1',
      [hold],
    );
    expect(rows[0]?.status).toBe('expired');
    expect(rows[0]?.settled_at.getTime()).toBeGreaterThan(Date.now() + 27 * daySeconds * 1000);
    const later = await holdOf(worker, buyer);
    expect(await statusOf(worker, buyer, later)).toBe('active');
    await worker.advance(new Date((await worker.now()).getTime() + 2 * daySeconds * 1000));
    expect(await statusOf(worker, buyer, later)).toBe('expired');
  });

  test('tokens are good and over by the machine’s time', async () => {
    expect((await worker.request('/credits/balance', { token: buyer.token })).status).toBe(200);
    const claims = accessClaims(worker.tokens, { subject: 'x', role: 'customer' }, 3600);
    const ended = { ...claims, iat: claims.iat - 7200, exp: claims.exp - 7200 };
    const ahead = { ...claims, iat: claims.iat + 30 * daySeconds, exp: claims.exp + 30 * daySeconds };
    for (const wrong of [ended, ahead]) {
      const token = await signToken(worker.tokens, wrong);
      expect((await worker.request('/credits/balance', { token })).status).toBe(401);
    }
  });

  test('webhooks are signed by the machine’s time', async () => {
    const now = Math.floor(Date.now() / 1000);
    expect((await deliver(worker, event('evt_by_machine'))).status).toBe(200);
    const ahead = await deliver(worker, event('evt_by_sandbox'), { timestamp: now + 30 * daySeconds });
    expect([ahead.status, ahead.json.code]).toEqual([400, 'invalid_signature']);
  });

  test('a copy in the cache is as old as the machine says', async () => {
    const { status, headers } = await worker.request('/payment/plans');
    expect([status, headers.get('Warning')]).toEqual([200, null]);
    expect(Number(headers.get('Age'))).toBeLessThan(daySeconds);
  });
});

describe('while the clock does not answer', () => {
  let worker: TestWorker;
  beforeAll(async () => {
    worker = await startWorker({ variables: { CLOCK_URL: 'http://127.0.0.1:9/time' } });
  });
  afterAll(() => worker.stop());

  test('nothing is done at a wrong time: 503, and no event is taken', async () => {
    const token = await worker.token('customer');
    const requests = [{ path: '/payment/plans' }, { path: '/credits/balance', token }];
    for (const { path, ...request } of requests) {
      const { status, json, headers } = await worker.request(path, request);
      expect([path, status, json.code]).toEqual([path, 503, 'clock_unavailable']);
      expect(headers.get('Retry-After')).not.toBeNull();
    }
    expect((await deliver(worker, event('evt_without_time'))).status).toBe(503);
    expect(await inboxRow(worker, 'evt_without_time')).toBeUndefined();
    expect((await worker.request('/health')).status).toBe(200);
    await worker.database.query(
      `insert into webhook_events (event_id, event_type, livemode, stripe_created, payload, status)
       values ('evt_due', 'product.created', false, now(), $1, 'pending')`,
      [JSON.stringify(event('evt_due'))],
    );
    await worker.scheduled();
    expect(await inboxRow(worker, 'evt_due')).toMatchObject({ status: 'pending', attempts: 0 });
  });
});

describe('without a clock of its own', () => {
  let worker: TestWorker;
  beforeAll(async () => {
    worker = await startWorker({ clock: 'machine' });
  });
  afterAll(() => worker.stop());

  test('the Worker stays at the machine’s time, whatever Stripe’s is', async () => {
    const buyer = await newBuyer(worker);
    await grant(worker, buyer, 10);
    const hold = await holdOf(worker, buyer);
    await worker.advance('month');
    expect(await statusOf(worker, buyer, hold)).toBe('active');
  });
});
