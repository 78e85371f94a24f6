import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Random } from '../stripe-sandbox/stories/random.ts';
import { eventually } from '../support/eventually.ts';
import { expectSoundLedger } from '../support/ledger.ts';
import {
  accountOf,
  press,
  retried,
  reversalEvents,
  reversalsOf,
  sell,
  sellAndCredit,
  spend,
  tell,
} from '../support/reversals.ts';
import { deliver, inboxRow, newBuyer, processed, stripeOf } from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker();
  await syncToStripe(worker);
});
/** Stripe's own deliveries are off: each test delivers what it needs, when and as often as it needs it. */
beforeEach(() => worker.stripe.setWebhookEndpoint(undefined));
afterEach(() => expectSoundLedger(worker.database.query));
afterAll(() => worker.stop());

/** 2,500 credits for 400 pence. */
const package2500 = { package: 'credits_2500' };
/** A charge that no checkout and no invoice has made. */
async function chargeOutside(metadata: Record<string, string>) {
  const stripe = stripeOf(worker);
  const intent = await stripe.paymentIntents.create({
    amount: 500,
    currency: 'gbp',
    payment_method: 'pm_card_visa',
    confirm: true,
    return_url: 'https://elsewhere.test',
    metadata,
  });
  return stripe.charges.retrieve(String(intent.latest_charge));
}
const renamed = (event: Readonly<Record<string, unknown>>) => ({
  ...event,
  id: `evt_${randomUUID().replaceAll('-', '')}`,
});

describe('a refund takes credits back', () => {
  test('as large a part of them as all refunds are of the payment, and says why, by which event', async () => {
    const { buyer, charge } = await sellAndCredit(worker, package2500);
    await press(worker, `/charges/${charge.id}/refund`, { amount: '100' });
    const first = await reversalEvents(worker, charge);
    await tell(worker, first);
    expect(await accountOf(worker, buyer)).toEqual({ balance: 1875, held: 0, debt: 0 });
    await press(worker, `/charges/${charge.id}/refund`, { amount: '33' });
    await press(worker, `/charges/${charge.id}/refund`);
    await tell(worker, await reversalEvents(worker, charge));
    expect(await accountOf(worker, buyer)).toEqual({ balance: 0, held: 0, debt: 0 });
    const rows = await reversalsOf(worker, buyer);
    expect(rows).toMatchObject([{ amount: -625 }, { amount: -1875 }]);
    expect(rows[0]).toEqual({
      transaction_type: 'clawback',
      amount: -625,
      description: 'Taken back because of a refund',
      event_id: first[0]?.['id'],
      actor: 'system:webhook',
    });
  });

  test('of a plan as of a package, also where the payment was recorded before its PaymentIntent was kept', async () => {
    for (const isOld of [false, true]) {
      const { buyer, charge } = await sellAndCredit(worker, { plan: 'starter_monthly' });
      expect(await accountOf(worker, buyer)).toMatchObject({ balance: 500 });
      if (isOld) {
        await worker.database.query(
          'update payments set stripe_payment_intent_id = null where stripe_payment_intent_id = $1',
          [charge.payment_intent],
        );
      }
      await press(worker, `/charges/${charge.id}/refund`);
      await tell(worker, await reversalEvents(worker, charge));
      expect(await accountOf(worker, buyer)).toEqual({ balance: 0, held: 0, debt: 0 });
    }
  });

  test('and a failed refund gives them back', async () => {
    const { buyer, charge } = await sellAndCredit(worker, package2500);
    await press(worker, `/charges/${charge.id}/refund`, { amount: '100' });
    const refund = await press(worker, `/charges/${charge.id}/refund`, { amount: '200' });
    await tell(worker, await reversalEvents(worker, charge));
    expect(await accountOf(worker, buyer)).toMatchObject({ balance: 625 });
    await press(worker, `/refunds/${refund}/fail`);
    await tell(worker, await reversalEvents(worker, charge));
    expect(await accountOf(worker, buyer)).toMatchObject({ balance: 1875, debt: 0 });
    expect(await reversalsOf(worker, buyer)).toMatchObject([
      { transaction_type: 'clawback', amount: -1875 },
      { transaction_type: 'restore', amount: 1250, description: 'Returned after a failed refund' },
    ]);
  });

  test('that are spent: they become debt, which blocks spending and is repaid by the next credits', async () => {
    const { buyer, charge } = await sellAndCredit(worker, package2500);
    expect(await spend(worker, buyer, 2000)).toBe(200);
    await press(worker, `/charges/${charge.id}/refund`);
    await tell(worker, await reversalEvents(worker, charge));
    expect(await accountOf(worker, buyer)).toEqual({ balance: -2000, held: 0, debt: 2000 });
    expect(await spend(worker, buyer, 1)).toBe(402);
    await sellAndCredit(worker, package2500, buyer);
    expect(await accountOf(worker, buyer)).toEqual({ balance: 500, held: 0, debt: 0 });
    expect(await spend(worker, buyer, 500)).toBe(200);
  });
});

describe('one refund has one effect', () => {
  test('20 parallel deliveries of one event, and 20 events of one refund', async () => {
    const { buyer, charge } = await sellAndCredit(worker, package2500);
    await press(worker, `/charges/${charge.id}/refund`, { amount: '100' });
    const events = await reversalEvents(worker, charge);
    const [event] = events;
    if (event === undefined) throw new Error('nothing was told');
    const replays = Array.from({ length: 20 }, () => renamed(event));
    const deliveries = [...replays, ...Array.from({ length: 20 }, () => event)];
    const answers = await Promise.all(deliveries.map((one) => deliver(worker, one)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    await processed(worker);
    await retried(worker);
    expect(await accountOf(worker, buyer)).toMatchObject({ balance: 1875 });
    expect(await reversalsOf(worker, buyer)).toHaveLength(1);
    for (const { id } of [event, ...replays]) {
      expect(await inboxRow(worker, id)).toMatchObject({ status: 'processed', last_error: null });
    }
  });

  test('the event again after its row was cleaned up', async () => {
    const { buyer, charge } = await sellAndCredit(worker, package2500);
    await press(worker, `/charges/${charge.id}/refund`, { amount: '100' });
    const events = await reversalEvents(worker, charge);
    await tell(worker, events);
    await worker.database.query('delete from webhook_events where event_id = any ($1)', [
      events.map(({ id }) => id),
    ]);
    await tell(worker, events);
    expect(await accountOf(worker, buyer)).toMatchObject({ balance: 1875 });
    expect(await reversalsOf(worker, buyer)).toHaveLength(1);
  });

  test('whatever of several comes first, or together: the end is what Stripe says', async () => {
    const random = new Random(20_261_124);
    for (let story = 0; story < 6; story += 1) {
      const sale = await sell(worker, package2500);
      await press(worker, `/charges/${sale.charge.id}/refund`, { amount: '50' });
      const refund = await press(worker, `/charges/${sale.charge.id}/refund`, { amount: '150' });
      await press(worker, `/charges/${sale.charge.id}/refund`, { amount: '100' });
      await press(worker, `/refunds/${refund}/fail`);
      const told = [sale.arrival, ...(await reversalEvents(worker, sale.charge))];
      const shuffled = told
        .map((event) => ({ event, rank: random.next() }))
        .toSorted((one, other) => one.rank - other.rank)
        .map(({ event }) => event);
      if (random.chance(0.5)) await tell(worker, shuffled);
      else await Promise.all(shuffled.map((event) => deliver(worker, event)));
      await processed(worker);
      await retried(worker);
      expect(await accountOf(worker, sale.buyer)).toEqual({ balance: 1562, held: 0, debt: 0 });
    }
  });

  test('while the refunds go on', async () => {
    const { buyer, charge } = await sellAndCredit(worker, package2500);
    worker.stripe.setWebhookEndpoint({ url: `${worker.url}/payment/webhook` });
    const refunds = await Promise.all(
      Array.from({ length: 8 }, () => press(worker, `/charges/${charge.id}/refund`, { amount: '50' })),
    );
    await Promise.all(refunds.slice(0, 4).map((refund) => press(worker, `/refunds/${refund}/fail`)));
    await processed(worker);
    await retried(worker);
    expect(await accountOf(worker, buyer)).toEqual({ balance: 1250, held: 0, debt: 0 });
  });
});

describe('a refund before its payment is known', () => {
  test.each([
    ['a package', package2500],
    ['a plan', { plan: 'starter_monthly' }],
  ])(
    'of %s fails until the payment’s own event has come, and then takes the credits',
    async (_what, item) => {
      const { buyer, charge, arrival } = await sell(worker, item);
      await press(worker, `/charges/${charge.id}/refund`);
      const events = await reversalEvents(worker, charge);
      await tell(worker, events);
      for (const { id } of events) {
        expect(await inboxRow(worker, id)).toMatchObject({ status: 'failed', last_error: 'payment_unknown' });
      }
      await tell(worker, [arrival]);
      await retried(worker);
      expect(await accountOf(worker, buyer)).toEqual({ balance: 0, held: 0, debt: 0 });
      for (const { id } of events) expect(await inboxRow(worker, id)).toMatchObject({ status: 'processed' });
    },
  );

  test('of an automatic top-up whose charge is not kept yet waits for it, too', async () => {
    const { buyer } = await sellAndCredit(worker, package2500);
    const [topUp] = await worker.database.query<{ id: string }>(
      `insert into top_ups (customer_id, offer_id, currency, amount_minor, lease_until)
       select customer.id, price.id, 'GBP', 400, now() from customers customer, prices price
       where subject = $1 and package_id is not null limit 1 returning id`,
      [buyer.subject],
    );
    const charge = await chargeOutside({});
    await worker.database.query('update top_ups set stripe_payment_intent_id = $2 where id = $1', [
      topUp?.id,
      charge.payment_intent,
    ]);
    await press(worker, `/charges/${charge.id}/refund`);
    const events = await reversalEvents(worker, charge);
    await tell(worker, events);
    for (const { id } of events) {
      expect(await inboxRow(worker, id)).toMatchObject({ status: 'failed', last_error: 'payment_unknown' });
    }
    await worker.database.query('delete from webhook_events where event_id = any ($1)', [
      events.map(({ id }) => id),
    ]);
  });

  test('that is not ours is ignored', async () => {
    const charge = await chargeOutside({});
    await press(worker, `/charges/${charge.id}/refund`);
    const events = await reversalEvents(worker, charge);
    expect(events).not.toHaveLength(0);
    await tell(worker, events);
    for (const { id } of events) {
      expect(await inboxRow(worker, id)).toMatchObject({ status: 'ignored', ignored_reason: 'not_ours' });
    }
  });
});

test('a customer’s payments show what went back, newest first, page by page', async () => {
  const { buyer, charge } = await sellAndCredit(worker, package2500);
  await sellAndCredit(worker, { plan: 'starter_monthly' }, buyer);
  await press(worker, `/charges/${charge.id}/refund`, { amount: '100' });
  await tell(worker, await reversalEvents(worker, charge));
  await worker.database.query(
    "update payments set paid_at = paid_at - interval '1 day' where stripe_payment_intent_id = $1",
    [charge.payment_intent],
  );
  const page = (query: string) => worker.request(`/payment/payments?${query}`, { token: buyer.token });
  const first = await page('limit=1');
  expect(first).toMatchObject({ status: 200, databaseCalls: 1 });
  expect(first.json).toEqual({
    success: true,
    payments: [
      {
        id: expect.any(String),
        kind: 'plan',
        name: 'Starter',
        amount: 99,
        currency: 'GBP',
        refunded: 0,
        disputed: 0,
        dispute_status: null,
        paid_at: expect.stringMatching(/Z$/),
        period_start: expect.stringMatching(/Z$/),
        period_end: expect.stringMatching(/Z$/),
      },
    ],
    count: 1,
    next_cursor: expect.any(String),
  });
  const { json } = await page(`limit=1&cursor=${first.json.next_cursor}`);
  expect(json.payments).toMatchObject([
    { kind: 'package', amount: 400, refunded: 100, disputed: 0, period_start: null, period_end: null },
  ]);
  expect(json.next_cursor).toBeNull();
  expect((await page('cursor=nonsense')).status).toBe(400);
  const { json: others } = await worker.request('/payment/payments', {
    token: (await newBuyer(worker)).token,
  });
  expect(others.payments).toEqual([]);
});

test('a look at Stripe that was overtaken is taken again before anything is kept', async () => {
  const { buyer, charge } = await sellAndCredit(worker, package2500);
  await press(worker, `/charges/${charge.id}/refund`, { amount: '100' });
  const [early] = await reversalEvents(worker, charge);
  const release = Promise.withResolvers<undefined>();
  let held = 0;
  worker.gateway.setFault(({ queries }) => {
    if (held > 0 || !queries.some((query) => query.includes('reverse_payment'))) return 'none';
    held += 1;
    return { delayUntil: release.promise };
  });
  await deliver(worker, early);
  await eventually('the early one has looked, and waits', () => held === 1);
  // Events of one customer wait for each other; a comparison of the books, or a request, does not.
  await worker.database.query('update webhook_events set stripe_customer_id = null');
  await press(worker, `/charges/${charge.id}/refund`, { amount: '300' });
  const late = (await reversalEvents(worker, charge)).at(-1);
  await deliver(worker, late);
  await worker.scheduled();
  expect(await inboxRow(worker, late?.['id'])).toMatchObject({ status: 'processed' });
  release.resolve(undefined);
  await processed(worker);
  worker.gateway.setFault(undefined);
  expect(await inboxRow(worker, early?.['id'])).toMatchObject({
    status: 'processed',
    attempts: 1,
    last_error: null,
  });
  expect(await accountOf(worker, buyer)).toEqual({ balance: 0, held: 0, debt: 0 });
});

test('a commit whose answer is lost is done once', async () => {
  const { buyer, charge } = await sellAndCredit(worker, package2500);
  await press(worker, `/charges/${charge.id}/refund`, { amount: '100' });
  const [event] = await reversalEvents(worker, charge);
  let lost = 0;
  worker.gateway.setFault(({ queries }) => {
    const isCommit = lost === 0 && queries.some((query) => query.includes('reverse_payment'));
    if (isCommit) lost += 1;
    return isCommit ? 'lose-answer' : 'none';
  });
  await deliver(worker, event);
  await processed(worker);
  worker.gateway.setFault(undefined);
  await retried(worker);
  expect(lost).toBe(1);
  expect(await accountOf(worker, buyer)).toMatchObject({ balance: 1875 });
  expect(await reversalsOf(worker, buyer)).toHaveLength(1);
});
