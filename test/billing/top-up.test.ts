import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { claimLeftTopUps, findDueTopUps } from '../../src/billing/top-up-queries.ts';
import { eventually } from '../support/eventually.ts';
import { expectSoundLedger } from '../support/ledger.ts';
import { press } from '../support/reversals.ts';
import {
  balanceOf,
  booksOf,
  buy,
  inboxRow,
  newBuyer,
  pay,
  processed,
  settleDebit,
  stripeOf,
} from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import {
  intentsOf,
  later,
  moneyOf,
  newSaver,
  noticesOf,
  optIn,
  put,
  shown,
  topUpsOf,
  topUpsSettled,
  use,
  usualWish,
} from '../support/top-up.ts';
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

const once = { charged: [125], paid: 125, payments: 1, granted: 500, lots: 1 };
const nothing = { charged: [], paid: 0, payments: 0, granted: 0, lots: 0 };

describe('automatic top-ups', () => {
  test('are opt-in: nobody else is ever charged', async () => {
    const saver = await newSaver(worker);
    expect(await shown(worker, saver)).toBeNull();
    expect((await use(worker, saver, 100)).status).toBe(200);
    await worker.scheduled();
    const off = await put(worker, saver, { enabled: false });
    expect([off.status, off.json.auto_top_up.enabled]).toEqual([200, false]);
    await worker.scheduled();
    expect(await topUpsOf(worker, saver)).toEqual([]);
    expect(await moneyOf(worker, saver)).toEqual(nothing);
  });

  test('show how they are set, and cost two database calls to set, with a key as without', async () => {
    const saver = await newSaver(worker);
    const key = randomUUID();
    const answers = [
      await put(worker, saver),
      await put(worker, saver, {}, key),
      await put(worker, saver, {}, key),
    ];
    for (const { status, json, databaseCalls } of answers) {
      expect([status, databaseCalls]).toEqual([200, 2]);
      expect(json).toEqual({
        success: true,
        auto_top_up: {
          ...usualWish,
          price_id: expect.stringMatching(/^price_/),
          price: 125,
          currency: 'GBP',
          credits: 500,
          spent_this_month: 0,
          in_flight: null,
          stopped: null,
          next_attempt_at: null,
        },
      });
      expect(await shown(worker, saver)).toEqual(json.auto_top_up);
    }
  });

  test('are refused without anything to charge, beyond the cap, and for what is not on sale; switching off is not', async () => {
    const saver = await newSaver(worker, { card: null });
    const stranger = await newBuyer(worker);
    const refusals = [
      [saver, {}, 409, 'no_saved_card'],
      [stranger, {}, 409, 'no_saved_card'],
      [saver, { package: 'nothing' }, 404, 'package_not_found'],
      [saver, { package: 'nothing', enabled: false }, 404, 'package_not_found'],
      [saver, { monthly_cap: 124 }, 422, 'monthly_cap_too_low'],
      [saver, { price_id: 'price_of_yesterday' }, 409, 'price_changed'],
      [saver, { threshold: 0 }, 422, 'invalid_body'],
      [saver, { threshold: 1.5 }, 422, 'invalid_body'],
      [saver, { monthly_cap: -1 }, 422, 'invalid_body'],
      [saver, { monthly_cap: 1e300 }, 422, 'invalid_body'],
      [saver, { surprise: 1 }, 422, 'invalid_body'],
    ] as const;
    for (const [who, wish, status, code] of refusals) {
      const refused = await put(worker, who, wish);
      expect([refused.status, refused.json.code], JSON.stringify(wish)).toEqual([status, code]);
    }
    expect((await put(worker, saver, { monthly_cap: 124 })).json.errors[0].pointer).toBe('/monthly_cap');
    expect(await shown(worker, saver)).toBeNull();
    for (const who of [saver, stranger]) {
      expect((await put(worker, who, { enabled: false, monthly_cap: 1 })).status).toBe(200);
      expect(await shown(worker, who)).toMatchObject({ enabled: false, monthly_cap: 1 });
    }
  });

  test('charge the card that paid for a package once, by the offer, and credit it', async () => {
    const buyer = await newBuyer(worker);
    await pay((await buy(worker, buyer, { package: 'credits_500' })).checkoutUrl);
    await eventually('the package is credited', async () => (await balanceOf(worker, buyer)) === 500);
    await optIn(worker, buyer, { package: 'credits_1000', threshold: 100 });
    expect((await use(worker, buyer, 400)).json.credits.available).toBe(100);
    const spent = await use(worker, buyer, 1);
    expect([spent.status, spent.databaseCalls]).toEqual([200, 1]);
    await eventually('the credits come by themselves', async () => (await balanceOf(worker, buyer)) === 1099);
    await processed(worker);
    await worker.scheduled();
    const { lots, payments, transactions } = await booksOf(worker, buyer);
    expect(lots).toContainEqual({
      source: 'top_up',
      source_ref: expect.any(String),
      granted: 1000,
      remaining: 1000,
    });
    expect(lots).toHaveLength(2);
    expect(transactions.filter(({ transaction_type }) => transaction_type === 'purchase')).toHaveLength(2);
    expect(payments).toHaveLength(2);
    expect(payments).toContainEqual({
      stripe_payment_intent_id: expect.stringMatching(/^pi_/),
      stripe_invoice_id: null,
      amount_minor: 200,
      currency: 'GBP',
    });
    expect(await shown(worker, buyer)).toMatchObject({
      spent_this_month: 200,
      in_flight: null,
      stopped: null,
    });
  });

  test.each(['a hold', 'a capture'])('begin when %s leaves too little', async (kind) => {
    const saver = await newSaver(worker);
    const ask = (path: string, body: unknown) => worker.request(path, { token: saver.token, body });
    if (kind === 'a hold') {
      await optIn(worker, saver);
      expect((await ask('/credits/holds', { amount: 60 })).status).toBe(200);
    } else {
      const { json } = await ask('/credits/holds', { amount: 60 });
      await optIn(worker, saver, { threshold: 41 });
      expect((await ask(`/credits/holds/${json.hold.id}/capture`, {})).status).toBe(200);
    }
    await topUpsSettled(worker, saver, 1);
    expect(await moneyOf(worker, saver)).toEqual(once);
  });

  test('begin by themselves for a customer who has too little already when switching them on', async () => {
    const saver = await newSaver(worker, { credits: 10 });
    await optIn(worker, saver);
    await worker.scheduled();
    expect(await moneyOf(worker, saver)).toEqual(once);
  });

  test('50 spends at once make one charge and one grant', async () => {
    const saver = await newSaver(worker);
    await optIn(worker, saver);
    const spends = await Promise.all(Array.from({ length: 50 }, () => use(worker, saver, 2)));
    expect(spends.map(({ status }) => status)).toEqual(spends.map(() => 200));
    await topUpsSettled(worker, saver, 1);
    await Promise.all([worker.scheduled(), worker.scheduled()]);
    await processed(worker);
    expect(await intentsOf(worker, saver)).toHaveLength(1);
    expect(await moneyOf(worker, saver)).toEqual(once);
    expect(await balanceOf(worker, saver)).toBe(500);
  });

  test('go on below the threshold until it is reached, one at a time', async () => {
    const saver = await newSaver(worker, { credits: 10 });
    await optIn(worker, saver, { threshold: 1200, monthly_cap: 5000 });
    for (const expected of [1, 2, 3, 3]) {
      await Promise.all([worker.scheduled(), worker.scheduled(), worker.scheduled()]);
      await topUpsSettled(worker, saver, expected);
    }
    expect(await balanceOf(worker, saver)).toBe(1510);
  });
});

describe('the cap', () => {
  test('of a calendar month is never passed, is told once, and the next month goes on', async () => {
    const saver = await newSaver(worker, { credits: 10 });
    await worker.advance(startOfMonthAfter(await worker.now()));
    // 260 pence: two of 125.
    await optIn(worker, saver, { threshold: 5000, monthly_cap: 260 });
    for (let run = 0; run < 5; run += 1) await worker.scheduled();
    expect((await moneyOf(worker, saver)).charged).toEqual([125, 125]);
    const settings = await shown(worker, saver);
    expect(settings).toMatchObject({ spent_this_month: 250, stopped: null });
    const next = startOfMonthAfter(await worker.now());
    expect(settings.next_attempt_at).toBe(next.toISOString());
    expect(await noticesOf(worker, saver)).toEqual([
      {
        type: 'top_up.cap_reached',
        data: { monthly_cap: 260, spent_this_month: 250, price: 125, currency: 'GBP' },
      },
    ]);
    await use(worker, saver, 100);
    await worker.advance(new Date(next.getTime() - 60_000));
    expect((await moneyOf(worker, saver)).charged).toHaveLength(2);
    await worker.advance(new Date(next.getTime() + 60_000));
    await topUpsSettled(worker, saver, 3);
    expect(await shown(worker, saver)).toMatchObject({ spent_this_month: 125 });
  });

  test('that is raised lets it go on at once', async () => {
    const saver = await newSaver(worker, { credits: 10 });
    await optIn(worker, saver, { threshold: 600, monthly_cap: 125 });
    for (let run = 0; run < 3; run += 1) await worker.scheduled();
    expect((await moneyOf(worker, saver)).charged).toHaveLength(1);
    await optIn(worker, saver, { threshold: 600, monthly_cap: 250 });
    await worker.scheduled();
    expect((await moneyOf(worker, saver)).charged).toHaveLength(2);
  });
});

/** Some seconds into it, so that the clock's own way there does not matter. */
function startOfMonthAfter(moment: Date): Date {
  return new Date(Date.UTC(moment.getUTCFullYear(), moment.getUTCMonth() + 1));
}

describe('a bank that declines', () => {
  test('is asked again an hour later, three times in all, and then not before the customer acts', async () => {
    const saver = await newSaver(worker);
    await optIn(worker, saver);
    await press(worker, `/customers/${saver.stripeId}/fail-next`, {
      times: '4',
      decline_code: 'insufficient_funds',
    });
    await use(worker, saver, 60);
    await topUpsSettled(worker, saver, 1);
    await use(worker, saver, 1);
    await worker.scheduled();
    await later(worker, 58);
    expect(await topUpsOf(worker, saver)).toHaveLength(1);
    await later(worker, 3);
    await topUpsSettled(worker, saver, 2);
    expect((await shown(worker, saver)).stopped).toBeNull();
    await later(worker, 61);
    await topUpsSettled(worker, saver, 3);
    expect(await shown(worker, saver)).toMatchObject({
      stopped: { reason: 'declined', at: expect.stringMatching(/Z$/) },
      next_attempt_at: null,
      spent_this_month: 0,
    });
    expect(await noticesOf(worker, saver)).toEqual([
      { type: 'top_up.stopped', data: { reason: 'declined', failure_code: 'insufficient_funds' } },
    ]);
    await later(worker, 600);
    await use(worker, saver, 1);
    await worker.scheduled();
    expect(await topUpsOf(worker, saver)).toHaveLength(3);
    // The fourth decline is the first of a new row.
    await optIn(worker, saver);
    await worker.scheduled();
    await topUpsSettled(worker, saver, 4);
    expect((await shown(worker, saver)).stopped).toBeNull();
    await later(worker, 61);
    await topUpsSettled(worker, saver, 5);
    expect(await topUpsOf(worker, saver)).toEqual([
      ...Array.from({ length: 4 }, () => ({ status: 'failed', failure_code: 'insufficient_funds' })),
      { status: 'paid', failure_code: null },
    ]);
    expect(await moneyOf(worker, saver)).toEqual(once);
  });

  test('a success between two declines begins the count anew', async () => {
    const saver = await newSaver(worker, { credits: 10 });
    await optIn(worker, saver, { threshold: 2000, monthly_cap: 5000 });
    await press(worker, `/customers/${saver.stripeId}/fail-next`, { times: '2' });
    for (let hour = 0; hour < 3; hour += 1) await later(worker, 61);
    await press(worker, `/customers/${saver.stripeId}/fail-next`, { times: '2' });
    for (let hour = 0; hour < 3; hour += 1) await later(worker, 61);
    expect((await topUpsOf(worker, saver)).map(({ status }) => status)).toEqual(
      expect.arrayContaining(['paid', 'failed']),
    );
    expect((await shown(worker, saver)).stopped).toBeNull();
  });

  test.each([
    ['wants to ask the customer', 'pm_card_authenticationRequired', 'authentication_required'],
    ['declines what it let be saved, three times', 'pm_card_chargeCustomerFail', 'declined'],
  ])('and %s stops it, and takes nothing', async (_what, card, reason) => {
    const saver = await newSaver(worker, { card });
    await optIn(worker, saver);
    await use(worker, saver, 60);
    await topUpsSettled(worker, saver, 1);
    for (let hour = 0; hour < 4; hour += 1) await later(worker, 61);
    expect(await shown(worker, saver)).toMatchObject({ enabled: true, stopped: { reason } });
    expect(await topUpsOf(worker, saver)).toHaveLength(reason === 'declined' ? 3 : 1);
    expect(await noticesOf(worker, saver)).toMatchObject([{ type: 'top_up.stopped', data: { reason } }]);
    expect(await moneyOf(worker, saver)).toEqual(nothing);
  });

  test('a card that is gone stops it at once, and leaves nothing at Stripe to pay', async () => {
    const saver = await newSaver(worker);
    await optIn(worker, saver);
    const { data } = await stripeOf(worker).customers.listPaymentMethods(saver.stripeId);
    await stripeOf(worker).paymentMethods.detach(String(data[0]?.id));
    await use(worker, saver, 60);
    await topUpsSettled(worker, saver, 1);
    await processed(worker);
    expect(await shown(worker, saver)).toMatchObject({ stopped: { reason: 'no_saved_card' } });
    expect((await intentsOf(worker, saver)).map(({ status }) => status)).toEqual(['canceled']);
    expect((await put(worker, saver)).json.code).toBe('no_saved_card');
  });
});

describe('what is charged', () => {
  test('is the default payment method, before that of the subscription, before the newest card', async () => {
    const saver = await newSaver(worker, { card: 'pm_card_mastercard' });
    const stripe = stripeOf(worker);
    const newest = await stripe.paymentMethods.attach('pm_card_amex', { customer: saver.stripeId });
    const cardOfNewTopUp = async (): Promise<unknown> => {
      const before = (await topUpsOf(worker, saver)).length;
      await optIn(worker, saver, { threshold: 1_000_000, monthly_cap: 100_000 });
      await worker.scheduled();
      await topUpsSettled(worker, saver, before + 1);
      return (await intentsOf(worker, saver)).at(-1)?.payment_method;
    };
    expect(await cardOfNewTopUp()).toBe(newest.id);
    const visa = await stripe.paymentMethods.attach('pm_card_visa', { customer: saver.stripeId });
    await stripe.paymentMethods.attach('pm_card_discover', { customer: saver.stripeId });
    const price = await stripe.prices.create({
      currency: 'gbp',
      unit_amount: 500,
      recurring: { interval: 'month' },
      product_data: { name: 'Another product of the account' },
    });
    await stripe.subscriptions.create({
      customer: saver.stripeId,
      items: [{ price: price.id }],
      default_payment_method: visa.id,
    });
    expect(await cardOfNewTopUp()).toBe(visa.id);
    const fallback = { default_payment_method: newest.id };
    await stripe.customers.update(saver.stripeId, { invoice_settings: fallback });
    expect(await cardOfNewTopUp()).toBe(newest.id);
  });

  test('is the offer that the customer agreed to, or a better one; worse terms stop it', async () => {
    const admin = await worker.token('admin');
    const key = `pack_${randomUUID().slice(0, 8)}`;
    const terms = { name: 'Pack', price: 200, currency: 'GBP', credits: 100 };
    const change = (method: string, path: string, body: unknown) =>
      worker.request(`/admin/pricing/packages${path}`, { method, token: admin, body });
    expect((await change('POST', '', { package_key: key, ...terms })).status).toBeLessThan(300);
    const saver = await newSaver(worker, { credits: 10 });
    const wish = { package: key, threshold: 1000, monthly_cap: 10_000 };
    await optIn(worker, saver, wish);
    await change('PATCH', `/${key}`, { price: 150 });
    await worker.scheduled();
    expect((await moneyOf(worker, saver)).charged).toEqual([150]);
    await change('PATCH', `/${key}`, { price: 201 });
    await worker.scheduled();
    expect(await shown(worker, saver)).toMatchObject({ price: 200, stopped: { reason: 'price_changed' } });
    await optIn(worker, saver, wish);
    await change('PATCH', `/${key}`, { credits: 99 });
    await worker.scheduled();
    expect(await shown(worker, saver)).toMatchObject({ price: 201, stopped: { reason: 'price_changed' } });
    await optIn(worker, saver, wish);
    await change('DELETE', `/${key}`, {});
    await worker.scheduled();
    expect(await shown(worker, saver)).toMatchObject({ stopped: { reason: 'package_not_on_sale' } });
    expect((await moneyOf(worker, saver)).charged).toEqual([150]);
    expect((await put(worker, saver, { ...wish, enabled: false })).status).toBe(200);
  });

  test('and refunded is not charged again by itself: the customer has to act', async () => {
    const saver = await newSaver(worker);
    await optIn(worker, saver);
    await use(worker, saver, 60);
    await topUpsSettled(worker, saver, 1);
    const [intent] = await intentsOf(worker, saver);
    await stripeOf(worker).refunds.create({ payment_intent: String(intent?.id) });
    await eventually('the credits are taken back', async () => (await balanceOf(worker, saver)) === 40);
    await worker.scheduled();
    expect(await shown(worker, saver)).toMatchObject({ stopped: { reason: 'payment_reversed' } });
    expect(await intentsOf(worker, saver)).toHaveLength(1);
    expect(await noticesOf(worker, saver)).toMatchObject([{ data: { reason: 'payment_reversed' } }]);
  });

  test.each(['succeed', 'fail'] as const)('by a bank debit is under way until it may %s', async (outcome) => {
    const saver = await newSaver(worker, { card: null });
    const { checkoutUrl, sessionId } = await buy(worker, saver, { package: 'credits_1000' });
    await pay(checkoutUrl, { payment_method: 'bacs_debit' });
    await settleDebit(worker, sessionId, 'succeed');
    await eventually('the package is credited', async () => (await balanceOf(worker, saver)) === 1100);
    // Only cards are taken without being the default.
    expect((await put(worker, saver)).json.code).toBe('no_saved_card');
    const [saved] = (await stripeOf(worker).customers.listPaymentMethods(saver.stripeId)).data;
    expect(saved?.type).toBe('bacs_debit');
    const settings = { default_payment_method: String(saved?.id) };
    await stripeOf(worker).customers.update(saver.stripeId, { invoice_settings: settings });
    await optIn(worker, saver);
    await use(worker, saver, 1060);
    await eventually('the debit is under way', async () => {
      const [row] = await topUpsOf(worker, saver);
      return row?.status === 'processing';
    });
    await use(worker, saver, 1);
    await worker.scheduled();
    expect(await shown(worker, saver)).toMatchObject({
      spent_this_month: 125,
      in_flight: { status: 'processing', price: 125, currency: 'GBP', credits: 500 },
    });
    const [intent] = await intentsOf(worker, saver);
    await press(worker, `/payments/${intent?.id}/settle`, { outcome });
    await topUpsSettled(worker, saver, 1);
    await processed(worker);
    expect(await intentsOf(worker, saver)).toHaveLength(1);
    expect(await moneyOf(worker, saver)).toMatchObject(
      outcome === 'succeed' ? { paid: 325, granted: 500, lots: 1 } : { paid: 200, granted: 0, lots: 0 },
    );
  });
});

test('PaymentIntents that no top-up names are nobody’s business here', async () => {
  const buyer = await newBuyer(worker);
  const { checkoutUrl, sessionId } = await buy(worker, buyer, { package: 'credits_500' });
  await pay(checkoutUrl);
  await processed(worker);
  const { payment_intent: intent } = await stripeOf(worker).checkout.sessions.retrieve(sessionId);
  const { data: events } = await stripeOf(worker).events.list({
    type: 'payment_intent.succeeded',
    limit: 100,
  });
  const event = events.find(({ data }) => 'id' in data.object && data.object.id === intent);
  expect(await inboxRow(worker, event?.id)).toMatchObject({ status: 'ignored', ignored_reason: 'not_ours' });
  const saver = await newSaver(worker);
  const forged = await stripeOf(worker).paymentIntents.create({
    amount: 100,
    currency: 'gbp',
    customer: saver.stripeId,
    payment_method: 'pm_card_visa',
    confirm: true,
    off_session: true,
    metadata: { ratecard_top_up: randomUUID(), credits: '1000000' },
  });
  expect(forged.status).toBe('succeeded');
  await processed(worker);
  expect(await moneyOf(worker, saver)).toMatchObject({ payments: 0, lots: 0 });
});

test('the scheduled job finds who is due, and what was left, by an index, however many do not need it', async () => {
  const { database } = worker;
  await database.query(
    `with made as (insert into customers (issuer, subject) select 'many', n::text from generate_series(1, 20000) as n returning id)
     insert into auto_top_ups (customer_id, is_enabled, threshold, package_id, monthly_cap_minor)
     select made.id, true, 50, package.id, 500 from made, credit_packages as package where package_key = 'credits_500'`,
  );
  await database.query(
    `insert into top_ups (customer_id, offer_id, status, currency, amount_minor, lease_until)
     select customers.id, prices.id, 'paid', 'GBP', 125, now() from customers, lateral (select id from prices limit 1) as prices
     where issuer = 'many'`,
  );
  await database.query('analyze auto_top_ups, top_ups');
  const statements = [findDueTopUps(new Date(), 100).toSQL(), claimLeftTopUps(new Date(), 100).getQuery()];
  for (const [index, { sql, params }] of statements.entries()) {
    const plan = await database.query<{ 'QUERY PLAN': string }>(`explain ${sql}`, params);
    const text = plan.map((line) => line['QUERY PLAN']).join('\n');
    expect(text).toContain(index === 0 ? 'auto_top_ups_due' : 'top_ups_lease_until');
    expect(text).not.toMatch(/Seq Scan on (auto_)?top_ups/);
  }
});
