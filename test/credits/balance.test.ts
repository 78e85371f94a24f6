import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { expectSoundLedger, grant } from '../support/ledger.ts';
import { press, sellAndCredit } from '../support/reversals.ts';
import { buy, newBuyer, pay, processed, stripeOf, type Buyer } from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
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

const hour = 3_600_000;
/** How far the tests here have moved the time of business ahead. */
let aheadMilliseconds = 0;
const inHours = (hours: number) => new Date(Date.now() + aheadMilliseconds + hours * hour);

async function balance(buyer: Buyer) {
  const { status, json, databaseCalls } = await worker.request('/credits/balance', { token: buyer.token });
  expect([status, databaseCalls]).toEqual([200, 1]);
  return json.credits;
}

async function subscribe(buyer: Buyer, plan: string): Promise<string> {
  await pay((await buy(worker, buyer, { plan })).checkoutUrl);
  await processed(worker);
  const [row] = await worker.database.query<{ id: string }>(
    `select stripe_subscription_id as id from subscriptions
     where customer_id = (select id from customers where subject = $1)`,
    [buyer.subject],
  );
  return row?.id ?? '';
}

async function spend(buyer: Buyer, amount: number): Promise<void> {
  const { status } = await worker.request('/credits/spend', { token: buyer.token, body: { amount } });
  expect(status).toBe(200);
}

/** A hold that was made an hour ago. */
async function holdBefore(customerId: string, amount: number, expiresAt: Date): Promise<void> {
  await worker.database.query(
    `select hold_credits($1, gen_random_uuid(), null, $2, 1, null, 'test', $3, null, null, 'test', $4)`,
    [customerId, amount, expiresAt, inHours(-1)],
  );
}

async function letSandboxPass(by: 'month' | 'day'): Promise<void> {
  const url = `${worker.stripe.url}/_sandbox/time/advance`;
  expect((await fetch(url, { method: 'POST', body: new URLSearchParams({ by }) })).ok).toBe(true);
  await processed(worker);
  aheadMilliseconds = (await worker.now()).getTime() - Date.now();
}

const nothing = {
  balance: 0,
  monthly_allocation: 0,
  total_used: 0,
  total_purchased: 0,
  last_reset: null,
  percentage_used: 0,
  warning_threshold: false,
  available: 0,
  held: 0,
  debt: 0,
  lots: [],
  holds: [],
  next_grant: null,
  next_expiry: null,
};

test('the balance of a customer who never bought is nothing', async () => {
  expect(await balance(await newBuyer(worker))).toEqual(nothing);
});

test('the seven members mean what they always meant, from the first grant over uses to the renewal', async () => {
  const buyer = await newBuyer(worker);
  await pay((await buy(worker, buyer, { package: 'credits_1000' })).checkoutUrl);
  await subscribe(buyer, 'starter_monthly');
  const first = await balance(buyer);
  expect(first).toMatchObject({
    balance: 1500,
    monthly_allocation: 500,
    total_used: 0,
    total_purchased: 1000,
    last_reset: expect.stringMatching(/^\d{4}-.*Z$/),
    percentage_used: 0,
    warning_threshold: false,
  });

  await spend(buyer, 123);
  expect(await balance(buyer)).toMatchObject({ balance: 1377, total_used: 123, percentage_used: 24.6 });
  await spend(buyer, 1277);
  const used = await balance(buyer);
  expect(used).toMatchObject({
    balance: 100,
    total_used: 1400,
    percentage_used: 100,
    warning_threshold: false,
  });
  await spend(buyer, 1);
  expect(await balance(buyer)).toMatchObject({ balance: 99, warning_threshold: true });

  await letSandboxPass('month');
  const renewed = await balance(buyer);
  expect(renewed).toMatchObject({
    balance: 599,
    monthly_allocation: 500,
    total_used: 1401,
    total_purchased: 1000,
    percentage_used: 0,
    warning_threshold: false,
  });
  expect(Date.parse(renewed.last_reset)).toBeGreaterThan(Date.parse(first.last_reset));
});

describe('the lots', () => {
  test('are those that have credits left, in the order in which they pay, and add up to the balance', async () => {
    const buyer = await newBuyer(worker);
    await grant(worker, buyer, 10);
    await grant(worker, buyer, 20, { kind: 'promotional' });
    await grant(worker, buyer, 30, { kind: 'promotional', expiresAt: inHours(48) });
    await pay((await buy(worker, buyer, { package: 'credits_500' })).checkoutUrl);
    await processed(worker);
    await grant(worker, buyer, 5, { expiresAt: inHours(24) });
    await spend(buyer, 7);
    const { lots, balance: total } = await balance(buyer);
    expect(lots.map(({ remaining, kind }: Record<string, unknown>) => [remaining, kind])).toEqual([
      [28, 'promotional'],
      [20, 'promotional'],
      [10, 'purchased'],
      [500, 'purchased'],
    ]);
    expect(lots.at(-1)).toEqual({
      id: expect.any(String),
      kind: 'purchased',
      source: 'checkout_session',
      name: '500 Credits',
      granted: 500,
      remaining: 500,
      held: 0,
      expires_at: null,
      renews: false,
      created_at: expect.stringMatching(/Z$/),
    });
    expect(total).toBe(558);
  });

  test('show what is held of them, and holds show what they reserve', async () => {
    const buyer = await newBuyer(worker);
    await grant(worker, buyer, 10, { expiresAt: inHours(24) });
    await grant(worker, buyer, 100);
    const body = { amount: 30, description: 'a video' };
    const { json } = await worker.request('/credits/holds', { token: buyer.token, body });
    const { balance: total, available, held, lots, holds, next_expiry } = await balance(buyer);
    expect({ total, available, held, next_expiry }).toEqual({
      total: 110,
      available: 80,
      held: 30,
      next_expiry: null,
    });
    expect(
      lots.map(({ remaining, held: reserved }: Record<string, unknown>) => [remaining, reserved]),
    ).toEqual([
      [10, 10],
      [100, 20],
    ]);
    expect(holds).toEqual([json.hold]);
  });
});

describe('what is over', () => {
  /** What is answered before anybody looked at the account is what is answered after. */
  async function expectSameAfterJob(buyer: Buyer) {
    const before = await balance(buyer);
    await worker.database.query('select expire_credits(1000, now())');
    expect(await balance(buyer)).toEqual(before);
    return before;
  }

  test('counts no more, although no job has been there: lots whose time is over', async () => {
    const buyer = await newBuyer(worker);
    await grant(worker, buyer, 40, { expiresAt: inHours(-1), now: inHours(-2) });
    await grant(worker, buyer, 7, { expiresAt: inHours(1), now: inHours(-2) });
    const seen = await expectSameAfterJob(buyer);
    expect(seen).toMatchObject({ balance: 7, available: 7, lots: [{ remaining: 7 }] });
    expect(seen.next_expiry).toEqual({ at: seen.lots[0].expires_at, credits: 7 });
  });

  test('holds whose time is over reserve nothing', async () => {
    const buyer = await newBuyer(worker);
    const id = await grant(worker, buyer, 40, { now: inHours(-2) });
    await holdBefore(id, 30, inHours(-0.5));
    await holdBefore(id, 5, inHours(1));
    const seen = await expectSameAfterJob(buyer);
    expect(seen).toMatchObject({ balance: 40, available: 35, held: 5, holds: [{ amount: 5 }] });
  });

  test('a lot that is over stays as far as it is held, and no further', async () => {
    const buyer = await newBuyer(worker);
    const id = await grant(worker, buyer, 40, { expiresAt: inHours(-0.5), now: inHours(-2) });
    await holdBefore(id, 30, inHours(1));
    const seen = await expectSameAfterJob(buyer);
    expect(seen).toMatchObject({ balance: 30, available: 0, held: 30, lots: [{ remaining: 30, held: 30 }] });
  });

  test('what came free repays a debt first, from the lots that pay first', async () => {
    const buyer = await newBuyer(worker);
    const id = await grant(worker, buyer, 40, { expiresAt: inHours(24), now: inHours(-2) });
    await grant(worker, buyer, 50, { now: inHours(-2) });
    await holdBefore(id, 80, inHours(-0.5));
    await worker.database.query(
      `select claw_back_credits($1, 70, null, $2, 'test', null, null, 'test', $3)`,
      [id, randomUUID(), inHours(-0.9)],
    );
    const seen = await expectSameAfterJob(buyer);
    expect(seen).toMatchObject({ balance: 20, available: 20, held: 0, debt: 0, lots: [{ remaining: 20 }] });
  });

  test('a debt is shown, and leaves nothing available', async () => {
    const buyer = await newBuyer(worker);
    const id = await grant(worker, buyer, 10, { now: inHours(-2) });
    await worker.database.query(
      `select claw_back_credits($1, 25, null, $2, 'test', null, null, 'test', now())`,
      [id, randomUUID()],
    );
    expect(await expectSameAfterJob(buyer)).toMatchObject({ balance: -15, available: 0, debt: 15, lots: [] });
  });
});

describe('what comes, and what goes', () => {
  test('a monthly plan grants at its renewal, and what is above its cap goes then', async () => {
    const buyer = await newBuyer(worker);
    await subscribe(buyer, 'starter_monthly');
    await spend(buyer, 100);
    const { next_grant, next_expiry, lots } = await balance(buyer);
    expect(next_grant).toEqual({ at: lots[0].expires_at, credits: 500 });
    expect(next_expiry).toEqual({ at: lots[0].expires_at, credits: 150 });
    await spend(buyer, 150);
    expect((await balance(buyer)).next_expiry).toBeNull();
  });

  test('a plan that is scheduled for the renewal decides what is granted then', async () => {
    const buyer = await newBuyer(worker);
    const subscription = await subscribe(buyer, 'professional_monthly');
    await worker.database.query(
      `update subscriptions set next_offer_at = current_period_end, next_offer_id = (
         select id from prices where plan_id = (select id from subscription_plans where plan_key = 'starter_monthly')
         limit 1)
       where stripe_subscription_id = $1`,
      [subscription],
    );
    const { next_grant, next_expiry, monthly_allocation } = await balance(buyer);
    expect([next_grant.credits, next_expiry.credits, monthly_allocation]).toEqual([500, 1750, 2000]);
  });

  test('a yearly plan grants a month later', async () => {
    const buyer = await newBuyer(worker);
    const subscription = await subscribe(buyer, 'starter_annual');
    const { next_grant, lots, monthly_allocation } = await balance(buyer);
    expect(next_grant).toEqual({ at: lots[0].expires_at, credits: 500 });
    const [period] = await worker.database.query<{ begins: Date }>(
      'select current_period_start as begins from subscriptions where stripe_subscription_id = $1',
      [subscription],
    );
    const days = (Date.parse(next_grant.at) - (period?.begins.getTime() ?? 0)) / (24 * hour);
    expect([28, 29, 30, 31]).toContain(Math.round(days));
    expect(monthly_allocation).toBe(500);
  });

  test('a month of a year whose money has gone back counts as far as the customer keeps it', async () => {
    const { buyer, charge } = await sellAndCredit(worker, { plan: 'starter_annual' });
    await processed(worker);
    const { next_grant } = await balance(buyer);
    await press(worker, `/charges/${charge.id}/refund`, { amount: String(charge.amount * 0.2) });
    await processed(worker);
    expect((await balance(buyer)).next_grant).toEqual({ at: next_grant.at, credits: 400 });
    await press(worker, `/charges/${charge.id}/refund`);
    await processed(worker);
    const [row] = await worker.database.query<{ renewal: Date }>(
      `select current_period_end as renewal from subscriptions
       where customer_id = (select id from customers where subject = $1)`,
      [buyer.subject],
    );
    expect((await balance(buyer)).next_grant).toEqual({ at: row?.renewal.toISOString(), credits: 500 });
  });

  test('a plan that ends grants no more, and all of its credits go at its end', async () => {
    const buyer = await newBuyer(worker);
    const subscription = await subscribe(buyer, 'starter_monthly');
    const { next_grant } = await balance(buyer);
    await stripeOf(worker).subscriptions.update(subscription, { cancel_at_period_end: true });
    await processed(worker);
    const ending = await balance(buyer);
    expect(ending).toMatchObject({ next_grant: null, next_expiry: { at: next_grant.at, credits: 500 } });
    expect(ending.monthly_allocation).toBe(500);
    await stripeOf(worker).subscriptions.cancel(subscription);
    await processed(worker);
    expect(await balance(buyer)).toMatchObject({
      next_grant: null,
      balance: 500,
      last_reset: ending.last_reset,
    });
  });
});

describe('the balance that is asked for by name', () => {
  test('is the customer’s, for a service, a viewer and an admin', async () => {
    const buyer = await newBuyer(worker);
    const id = await grant(worker, buyer, 12);
    for (const role of ['service', 'viewer', 'admin'] as const) {
      for (const name of [buyer.subject, id]) {
        const path = `/credits/balance?customer=${name}`;
        const { status, json } = await worker.request(path, { token: await worker.token(role) });
        expect([status, json.credits.balance]).toEqual([200, 12]);
      }
    }
  });

  test('is 404 where there is no such customer', async () => {
    const path = `/credits/balance?customer=${randomUUID()}`;
    const { status, json } = await worker.request(path, { token: await worker.token('service') });
    expect([status, json.code]).toEqual([404, 'customer_not_found']);
  });
});
