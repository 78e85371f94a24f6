import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Random } from '../stripe-sandbox/stories/random.ts';
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
  type Sale,
} from '../support/reversals.ts';
import { deliver, processed } from '../support/shop.ts';
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

/** Tells all that Stripe told about a charge so far; what was told before changes nothing. */
async function tellAll({ charge }: Sale): Promise<void> {
  await tell(worker, await reversalEvents(worker, charge));
}
const dispute = ({ charge }: Sale, kind = 'fraudulent') =>
  press(worker, `/charges/${charge.id}/dispute`, { kind });
const close = (id: string, outcome: 'won' | 'lost') => press(worker, `/disputes/${id}/close`, { outcome });
const refund = ({ charge }: Sale, amount: number) =>
  press(worker, `/charges/${charge.id}/refund`, { amount: String(amount) });
const account = ({ buyer }: Sale) => accountOf(worker, buyer);

async function paymentOf({ charge }: Sale) {
  const [payment] = await worker.database.query(
    'select refunded_minor::int, disputed_minor::int, dispute_status from payments where stripe_payment_intent_id = $1',
    [charge.payment_intent],
  );
  return payment;
}

describe('a dispute', () => {
  test('takes the credits when the bank takes the money; lost, they stay away', async () => {
    const sale = await sellAndCredit(worker, package2500);
    const id = await dispute(sale);
    await tellAll(sale);
    expect(await account(sale)).toEqual({ balance: 0, held: 0, debt: 0 });
    expect(await paymentOf(sale)).toMatchObject({ disputed_minor: 400, dispute_status: 'needs_response' });
    await close(id, 'lost');
    await tellAll(sale);
    expect(await account(sale)).toEqual({ balance: 0, held: 0, debt: 0 });
    expect(await paymentOf(sale)).toMatchObject({ disputed_minor: 400, dispute_status: 'lost' });
    expect(await reversalsOf(worker, sale.buyer)).toEqual([
      {
        transaction_type: 'clawback',
        amount: -2500,
        description: 'Taken back because of a dispute',
        event_id: expect.stringMatching(/^evt_/),
        actor: 'system:webhook',
      },
    ]);
  });

  test('that is won gives them back', async () => {
    const sale = await sellAndCredit(worker, { plan: 'starter_monthly' });
    expect(await spend(worker, sale.buyer, 120)).toBe(200);
    const id = await dispute(sale);
    await tellAll(sale);
    expect(await account(sale)).toEqual({ balance: -120, held: 0, debt: 120 });
    await close(id, 'won');
    await tellAll(sale);
    expect(await account(sale)).toEqual({ balance: 380, held: 0, debt: 0 });
    expect(await paymentOf(sale)).toMatchObject({ disputed_minor: 0, dispute_status: 'won' });
    expect(await reversalsOf(worker, sale.buyer)).toMatchObject([
      { amount: -500 },
      { transaction_type: 'restore', amount: 500, description: 'Returned after a dispute' },
    ]);
  });

  test('that only asks does nothing, however it ends, until it becomes a chargeback', async () => {
    const sale = await sellAndCredit(worker, package2500);
    await close(await dispute(sale, 'inquiry'), 'lost');
    await tellAll(sale);
    const second = await dispute(sale, 'inquiry');
    await tellAll(sale);
    expect(await account(sale)).toMatchObject({ balance: 2500 });
    expect(await reversalsOf(worker, sale.buyer)).toEqual([]);
    expect(await paymentOf(sale)).toMatchObject({
      disputed_minor: 0,
      dispute_status: 'warning_needs_response',
    });
    await press(worker, `/disputes/${second}/escalate`);
    await tellAll(sale);
    expect(await account(sale)).toMatchObject({ balance: 0 });
  });

  test('after a partial refund takes the rest, and a refund after it was won takes what is left', async () => {
    const sale = await sellAndCredit(worker, package2500);
    await refund(sale, 100);
    const id = await dispute(sale);
    await tellAll(sale);
    expect(await account(sale)).toMatchObject({ balance: 0, debt: 0 });
    expect(await paymentOf(sale)).toMatchObject({ refunded_minor: 100, disputed_minor: 300 });
    await close(id, 'won');
    await tellAll(sale);
    expect(await account(sale)).toMatchObject({ balance: 1875 });
    await refund(sale, 300);
    await tellAll(sale);
    expect(await account(sale)).toEqual({ balance: 0, held: 0, debt: 0 });
  });

  test('of spent credits leaves a debt; the next credits repay it, and come back when it is won', async () => {
    const sale = await sellAndCredit(worker, package2500);
    expect(await spend(worker, sale.buyer, 2500)).toBe(200);
    const id = await dispute(sale);
    await tellAll(sale);
    expect(await account(sale)).toEqual({ balance: -2500, held: 0, debt: 2500 });
    expect(await spend(worker, sale.buyer, 1)).toBe(402);
    await sellAndCredit(worker, package2500, sale.buyer);
    expect(await account(sale)).toEqual({ balance: 0, held: 0, debt: 0 });
    await close(id, 'won');
    await tellAll(sale);
    expect(await account(sale)).toEqual({ balance: 2500, held: 0, debt: 0 });
    expect(await spend(worker, sale.buyer, 2500)).toBe(200);
  });
});

describe('whatever of a dispute’s events comes first, twice or together, the end is what Stripe says', () => {
  test.each([
    ['won', 1875],
    ['lost', 0],
  ] as const)('when it is %s', async (outcome, balance) => {
    const random = new Random(outcome.length);
    for (let story = 0; story < 5; story += 1) {
      const sale = await sell(worker, package2500);
      await refund(sale, 100);
      await close(await dispute(sale), outcome);
      const events = [sale.arrival, ...(await reversalEvents(worker, sale.charge))];
      const told = [...events, ...events]
        .map((event) => ({ event, rank: random.next() }))
        .toSorted((one, other) => one.rank - other.rank)
        .map(({ event }) => event);
      if (story % 2 === 0) await tell(worker, told);
      else await Promise.all(told.map((event) => deliver(worker, event)));
      await processed(worker);
      await retried(worker);
      expect(await account(sale)).toEqual({ balance, held: 0, debt: 0 });
    }
  });

  test('and 20 deliveries at once take once', async () => {
    const sale = await sellAndCredit(worker, package2500);
    await dispute(sale);
    const events = await reversalEvents(worker, sale.charge);
    await Promise.all(Array.from({ length: 20 }, (_, n) => deliver(worker, events[n % events.length])));
    await processed(worker);
    await retried(worker);
    expect(await account(sale)).toEqual({ balance: 0, held: 0, debt: 0 });
    expect(await reversalsOf(worker, sale.buyer)).toHaveLength(1);
  });
});
