import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { expectSoundLedger } from '../support/ledger.ts';
import { migratedTemplate } from '../support/template.ts';

/** What the SQL functions do to lots and debt when a payment's money goes back, and comes back. */

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase({ template: migratedTemplate });
});
afterEach(() => expectSoundLedger(database.query.bind(database)));
afterAll(() => database.drop());

const DAY = 86_400_000;
const start = Date.UTC(2027, 0, 1);
const day = (days: number) => new Date(start + days * DAY);

interface Granted {
  readonly credits: number;
  /** A plan's, for 30 days from `from` on; else a package's, for ever. */
  readonly subscription?: string;
  readonly from?: number;
  /** Days after the start at which it is granted; when it begins by default. */
  readonly at?: number;
}

/** A customer whose payments, lots and uses are made by the functions that the application calls. */
async function newCustomer() {
  const { query } = database;
  const [row] = await query<{ id: string }>(
    "insert into customers (issuer, subject) values ('test', gen_random_uuid()) returning id",
  );
  const id = row?.id ?? '';
  const call = async (sql: string, parameters: readonly unknown[]) => {
    const [answer] = await query<{ result: Record<string, unknown> }>(`select ${sql} as result`, parameters);
    return answer?.result ?? {};
  };
  return {
    id,
    pay: async (amountMinor: number, ...grants: readonly Granted[]): Promise<string> => {
      const [payment] = await query<{ id: string }>(
        `insert into payments (customer_id, offer_id, stripe_payment_intent_id, currency, amount_minor, paid_at)
         select $1, id, $2, 'GBP', $3, $4 from prices where package_id is not null limit 1 returning id`,
        [id, `pi_${randomUUID()}`, amountMinor, day(0)],
      );
      for (const granted of grants) await grantOf(payment?.id ?? '', granted);
      return payment?.id ?? '';
    },
    grant: grantOf,
    /** What Stripe says of a payment now. */
    stripeSays: async (payment: string, { refunded = 0, disputed = 0, at = 1 }) =>
      call(
        `reverse_payment($1, (select version from payments where id = $1), $2, $3, $4, 'evt_1', 'test', $5)`,
        [payment, refunded, disputed, disputed > 0 ? 'needs_response' : null, day(at)],
      ),
    spend: async (amount: number, at = 1) =>
      call(`spend_credits($1, null, $2, 1, null, 'Use', $3, null, null, 'test', $4)`, [
        id,
        amount,
        randomUUID(),
        day(at),
      ]),
    hold: async (amount: number, at = 1): Promise<string> => {
      const hold = randomUUID();
      await call(`hold_credits($1, $2, null, $3, 1, null, 'Work', $4, null, null, 'test', $5)`, [
        id,
        hold,
        amount,
        day(at + 1),
        day(at),
      ]);
      return hold;
    },
    release: async (hold: string, at = 1) => call('release_credit_hold($1, $2, $3)', [id, hold, day(at)]),
    capture: async (hold: string, amount: number, at = 1) =>
      call(`capture_credit_hold($1, $2, $3, 'test', $4)`, [id, hold, amount, day(at)]),
    account: async () => {
      const [account] = await query<{ balance: number; held: number; debt: number }>(
        'select balance::int, held::int, debt::int from credit_accounts where customer_id = $1',
        [id],
      );
      return account;
    },
    lots: async () =>
      query<{ remaining: number; expired: number; reversed: number }>(
        `select remaining::int, expired::int, reversed::int from credit_lots where customer_id = $1
         order by created_at, granted desc, id`,
        [id],
      ),
    movements: async () =>
      query<{ transaction_type: string; amount: number; description: string }>(
        `select transaction_type, amount::int, description from credit_transactions
         where customer_id = $1 and transaction_type in ('clawback', 'restore') order by sequence`,
        [id],
      ),
  };

  async function grantOf(payment: string, { credits, subscription, from = 0, at = from }: Granted) {
    const isPlan = subscription !== undefined;
    await call(
      `grant_credits($1, $2, $3, $4, $5, $6,
         (select price.id from prices price join subscription_plans plan on plan.id = plan_id
          where plan_key = 'starter_monthly' and $7::text is not null),
         $8, $7, $9, 'Credits', null, null, 'test', $10)`,
      [
        id,
        credits,
        isPlan ? 'plan' : 'purchased',
        isPlan ? 'invoice_line' : 'checkout_session',
        randomUUID(),
        isPlan ? 'subscription_grant' : 'purchase',
        subscription ?? null,
        payment,
        isPlan ? day(from + 30) : null,
        day(at),
      ],
    );
  }
}

/** Subscriptions that are over, and that go on. */
async function newSubscription(customerId: string, status: 'active' | 'canceled'): Promise<string> {
  const subscription = `sub_${randomUUID()}`;
  const state = {
    stripe_subscription_id: subscription,
    customer_id: customerId,
    stripe_item_id: 'si_1',
    offer_id: await offerOf('starter_monthly'),
    quantity: 1,
    status,
    started_at: day(0),
    current_period_start: day(0),
    current_period_end: day(30),
    cancel_at_period_end: false,
  };
  await database.query('select apply_subscription($1, 0, null, $2)', [JSON.stringify(state), day(0)]);
  return subscription;
}

async function offerOf(plan: string): Promise<string> {
  const [offer] = await database.query<{ id: string }>(
    'select price.id from prices price join subscription_plans plan on plan.id = plan_id where plan_key = $1',
    [plan],
  );
  return offer?.id ?? '';
}

async function cancel(subscription: string, at: number): Promise<void> {
  await database.query(
    `select apply_subscription(to_jsonb(s) || '{"status": "canceled"}', s.version, null, $2)
     from subscriptions as s where stripe_subscription_id = $1`,
    [subscription, day(at)],
  );
}

describe('what of a payment goes back takes as large a part of its credits', () => {
  test('one penny after the other takes no credit too many or too few, and all takes all', async () => {
    const customer = await newCustomer();
    const payment = await customer.pay(97, { credits: 1000 });
    for (let refunded = 1; refunded <= 97; refunded += 1) {
      await customer.stripeSays(payment, { refunded });
      const gone = Math.round((1000 * refunded) / 97);
      expect(await customer.account()).toMatchObject({ balance: 1000 - gone, debt: 0 });
    }
    expect(await customer.account()).toMatchObject({ balance: 0 });
    expect(await customer.movements()).toHaveLength(97);
  });

  test('the same again moves nothing, also where it was seen in an older version', async () => {
    const customer = await newCustomer();
    const payment = await customer.pay(400, { credits: 2500 });
    for (let time = 0; time < 3; time += 1) await customer.stripeSays(payment, { refunded: 100 });
    await database.query(`select reverse_payment($1, 1, 100, 0, null, 'evt_2', 'test', $2)`, [
      payment,
      day(1),
    ]);
    expect(await customer.account()).toMatchObject({ balance: 1875 });
    expect(await customer.movements()).toHaveLength(1);
  });

  test('an older view than the one that is kept is refused, and so is every view that was taken before the newest', async () => {
    const customer = await newCustomer();
    const payment = await customer.pay(400, { credits: 2500 });
    await customer.stripeSays(payment, { refunded: 100 });
    const stale = (version: number, refunded: number) =>
      database.query(`select reverse_payment($1, $2, $3, 0, null, 'evt_2', 'test', $4)`, [
        payment,
        version,
        refunded,
        day(1),
      ]);
    await expect(stale(1, 400)).rejects.toMatchObject({ code: 'RC411' });
    // Nothing new, but a newer look: who looked with version 2 before it may have seen what is no more.
    await stale(1, 100);
    await expect(stale(2, 400)).rejects.toMatchObject({ code: 'RC411' });
    expect(await customer.account()).toMatchObject({ balance: 1875 });
  });

  test('refund and dispute of one payment together take no more than all', async () => {
    const customer = await newCustomer();
    const payment = await customer.pay(400, { credits: 2500 });
    await customer.stripeSays(payment, { refunded: 300, disputed: 400 });
    expect(await customer.account()).toMatchObject({ balance: 0, debt: 0 });
    await customer.stripeSays(payment, { refunded: 300 });
    expect(await customer.account()).toMatchObject({ balance: 625, debt: 0 });
    await customer.stripeSays(payment, { refunded: 400 });
    expect(await customer.account()).toMatchObject({ balance: 0, debt: 0 });
    expect((await customer.movements()).map(({ description }) => description)).toEqual([
      'Taken back because of a refund and a dispute',
      'Returned after a dispute',
      'Taken back because of a refund',
    ]);
  });

  test('every lot of the payment gives its part', async () => {
    const customer = await newCustomer();
    const payment = await customer.pay(1000, { credits: 333 }, { credits: 100 });
    await customer.stripeSays(payment, { refunded: 500 });
    expect(await customer.lots()).toMatchObject([
      { remaining: 166, reversed: 167 },
      { remaining: 50, reversed: 50 },
    ]);
    await customer.stripeSays(payment, { refunded: 1000 });
    expect(await customer.account()).toMatchObject({ balance: 0, debt: 0 });
  });

  test('where nothing was paid, nothing goes back', async () => {
    const customer = await newCustomer();
    const payment = await customer.pay(0, { credits: 500 });
    await customer.stripeSays(payment, { refunded: 0, disputed: 100 });
    expect(await customer.account()).toMatchObject({ balance: 500, debt: 0 });
  });

  test('credits that are granted when the money is gone already come out reduced', async () => {
    const customer = await newCustomer();
    const subscription = await newSubscription(customer.id, 'active');
    const payment = await customer.pay(1000);
    await customer.stripeSays(payment, { refunded: 250 });
    await customer.grant(payment, { credits: 500, subscription, at: 2 });
    expect(await customer.account()).toMatchObject({ balance: 375 });
    await customer.stripeSays(payment, { refunded: 1000, at: 3 });
    await customer.grant(payment, { credits: 500, subscription, from: 30 });
    expect(await customer.account()).toMatchObject({ balance: 0, debt: 0 });
  });
});

describe('credits that are spent already', () => {
  test('become debt, which blocks spending and is repaid by the next credits', async () => {
    const customer = await newCustomer();
    const payment = await customer.pay(400, { credits: 2500 });
    await customer.spend(2000);
    await customer.stripeSays(payment, { refunded: 400 });
    expect(await customer.account()).toMatchObject({ balance: -2000, debt: 2000 });
    expect(await customer.spend(1)).toMatchObject({ outcome: 'insufficient' });
    await customer.pay(400, { credits: 1500, at: 2 });
    expect(await customer.account()).toMatchObject({ balance: -500, debt: 500 });
    await customer.pay(400, { credits: 1500, at: 3 });
    expect(await customer.account()).toMatchObject({ balance: 1000, debt: 0 });
  });

  test('are taken from the lot itself first, then from the customer’s others', async () => {
    const customer = await newCustomer();
    await customer.pay(100, { credits: 300 });
    const payment = await customer.pay(400, { credits: 2500, at: 0.5 });
    await customer.spend(700);
    await customer.stripeSays(payment, { refunded: 200 });
    expect(await customer.lots()).toMatchObject([{ remaining: 0 }, { remaining: 850, reversed: 1250 }]);
    const other = await customer.pay(100, { credits: 300, at: 2 });
    await customer.stripeSays(payment, { refunded: 400, at: 3 });
    expect(await customer.account()).toMatchObject({ balance: -100, debt: 100 });
    await customer.stripeSays(other, { refunded: 100, at: 4 });
    expect(await customer.account()).toMatchObject({ balance: -400, debt: 400 });
  });

  test('in debt, what comes back repays it first', async () => {
    const customer = await newCustomer();
    const first = await customer.pay(400, { credits: 1000 });
    const second = await customer.pay(400, { credits: 1000, at: 0.5 });
    await customer.spend(2000);
    await customer.stripeSays(first, { disputed: 400 });
    await customer.stripeSays(second, { refunded: 400 });
    expect(await customer.account()).toMatchObject({ balance: -2000, debt: 2000 });
    await customer.stripeSays(first, {});
    expect(await customer.account()).toMatchObject({ balance: -1000, debt: 1000 });
    await customer.stripeSays(second, {});
    expect(await customer.account()).toMatchObject({ balance: 0, debt: 0 });
  });

  test('a hold keeps what it has reserved; once that is free it repays', async () => {
    for (const end of ['release', 'capture', 'expiry'] as const) {
      const customer = await newCustomer();
      const payment = await customer.pay(400, { credits: 1000 });
      const hold = await customer.hold(800);
      await customer.stripeSays(payment, { refunded: 400 });
      expect(await customer.account()).toEqual({ balance: 0, held: 800, debt: 800 });
      if (end === 'release') await customer.release(hold);
      if (end === 'capture') expect(await customer.capture(hold, 300)).toMatchObject({ outcome: 'captured' });
      if (end === 'expiry') await customer.spend(1, 3);
      const debt = end === 'capture' ? 300 : 0;
      expect(await customer.account()).toEqual({ balance: 0 - debt, held: 0, debt });
    }
  });

  test('a payment that comes back in the middle of a hold leaves everything as it was', async () => {
    const customer = await newCustomer();
    const payment = await customer.pay(400, { credits: 1000 });
    const hold = await customer.hold(800);
    await customer.stripeSays(payment, { disputed: 400 });
    await customer.stripeSays(payment, {});
    expect(await customer.account()).toEqual({ balance: 1000, held: 800, debt: 0 });
    await customer.release(hold);
    expect(await customer.lots()).toMatchObject([{ remaining: 1000, reversed: 0 }]);
  });
});

describe('credits that expired unspent', () => {
  const lapsed = async (spent: number) => {
    const customer = await newCustomer();
    const subscription = await newSubscription(customer.id, 'canceled');
    const payment = await customer.pay(1000, { credits: 500, subscription });
    await customer.spend(spent);
    return { customer, payment };
  };

  test('are the first to be gone: only what is beyond them is taken, whether they expire before or after', async () => {
    for (const order of ['expiry first', 'refund first']) {
      const { customer, payment } = await lapsed(200);
      const halfAt = order === 'expiry first' ? 31 : 2;
      await customer.stripeSays(payment, { refunded: 500, at: halfAt });
      await customer.stripeSays(payment, { refunded: 500, at: 32 });
      expect(await customer.account(), order).toMatchObject({ balance: 0, debt: 0 });
      await customer.stripeSays(payment, { refunded: 1000, at: 33 });
      expect(await customer.account(), order).toMatchObject({ balance: -200, debt: 200 });
      await customer.stripeSays(payment, { refunded: 500, at: 34 });
      expect(await customer.account(), order).toMatchObject({ balance: 0, debt: 0 });
    }
  });

  test('a grant that is late, of a payment that is gone, leaves nothing and takes nothing', async () => {
    const customer = await newCustomer();
    const subscription = await newSubscription(customer.id, 'canceled');
    const payment = await customer.pay(1000);
    await customer.stripeSays(payment, { refunded: 1000 });
    await customer.grant(payment, { credits: 500, subscription, at: 40 });
    expect(await customer.account()).toMatchObject({ balance: 0, debt: 0 });
  });

  test('what comes back after its time is over expires, and a further refund takes nothing for it', async () => {
    const { customer, payment } = await lapsed(0);
    await customer.stripeSays(payment, { disputed: 1000, at: 2 });
    await customer.stripeSays(payment, { at: 40 });
    expect(await customer.lots()).toEqual([{ remaining: 0, expired: 500, reversed: 0 }]);
    await customer.stripeSays(payment, { refunded: 1000, at: 41 });
    expect(await customer.account()).toMatchObject({ balance: 0, debt: 0 });
  });

  test('a lot that was empty when its subscription ended does not wait for a renewal when it is filled again', async () => {
    const customer = await newCustomer();
    const subscription = await newSubscription(customer.id, 'active');
    const payment = await customer.pay(1000, { credits: 500, subscription });
    await customer.stripeSays(payment, { disputed: 1000, at: 2 });
    await cancel(subscription, 20);
    await customer.stripeSays(payment, { at: 25 });
    expect(await customer.account()).toMatchObject({ balance: 500 });
    expect(await customer.spend(1, 31)).toMatchObject({ outcome: 'insufficient' });
  });
});

describe('credits come back to where they came from', () => {
  test('bought ones that made up for a plan’s are bought ones again, though the plan’s month is over', async () => {
    const customer = await newCustomer();
    const subscription = await newSubscription(customer.id, 'canceled');
    await customer.pay(400, { credits: 1000 });
    const payment = await customer.pay(1000, { credits: 500, subscription });
    await customer.spend(400);
    await customer.stripeSays(payment, { disputed: 1000, at: 2 });
    expect(await customer.account()).toMatchObject({ balance: 600, debt: 0 });
    await customer.stripeSays(payment, { at: 60 });
    expect(await customer.account()).toMatchObject({ balance: 1000, debt: 0 });
  });

  test('a month that repaid the debt of the one before has its credits again when the dispute is won', async () => {
    const customer = await newCustomer();
    const subscription = await newSubscription(customer.id, 'active');
    const payment = await customer.pay(1000, { credits: 500, subscription });
    await customer.spend(500);
    await customer.stripeSays(payment, { disputed: 1000, at: 2 });
    await customer.pay(1000, { credits: 500, subscription, from: 30 });
    expect(await customer.account()).toMatchObject({ balance: 0, debt: 0 });
    await customer.stripeSays(payment, { at: 40 });
    expect(await customer.account()).toMatchObject({ balance: 500, debt: 0 });
    expect(await customer.lots()).toMatchObject([{ remaining: 0 }, { remaining: 500 }]);
  });

  test('what a hold gave free to repay a debt is there again', async () => {
    const customer = await newCustomer();
    const payment = await customer.pay(400, { credits: 1000 });
    await customer.spend(1000);
    await customer.pay(400, { credits: 300, at: 1 });
    const hold = await customer.hold(300);
    await customer.stripeSays(payment, { disputed: 400 });
    await customer.release(hold);
    expect(await customer.account()).toEqual({ balance: -700, held: 0, debt: 700 });
    await customer.stripeSays(payment, {});
    expect(await customer.account()).toEqual({ balance: 300, held: 0, debt: 0 });
    expect(await customer.lots()).toMatchObject([{ remaining: 0 }, { remaining: 300 }]);
  });

  test('of a month before the present one as much comes back as may roll over', async () => {
    const customer = await newCustomer();
    const subscription = await newSubscription(customer.id, 'active');
    const payment = await customer.pay(1000, { credits: 500, subscription });
    await customer.stripeSays(payment, { disputed: 1000, at: 2 });
    await customer.pay(1000, { credits: 500, subscription, from: 30 });
    await customer.stripeSays(payment, { at: 40 });
    expect(await customer.account()).toMatchObject({ balance: 750, debt: 0 });
    expect(await customer.lots()).toMatchObject([{ remaining: 250, expired: 250 }, { remaining: 500 }]);
  });

  test('there and back in any steps is nothing', async () => {
    const customer = await newCustomer();
    const subscription = await newSubscription(customer.id, 'active');
    const first = await customer.pay(970, { credits: 700 }, { credits: 300, subscription });
    const second = await customer.pay(100, { credits: 250, at: 0.5 });
    await customer.spend(640);
    const hold = await customer.hold(200);
    const steps = [100, 970, 333, 970, 400, 0, 501, 970, 0];
    for (const refunded of steps) {
      await customer.stripeSays(first, { refunded });
      await customer.stripeSays(second, { disputed: refunded % 3 === 0 ? 100 : 0 });
      await expectSoundLedger(database.query.bind(database));
    }
    await customer.stripeSays(second, {});
    expect((await customer.lots()).map(({ expired, reversed }) => [expired, reversed])).toEqual([
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
    await customer.release(hold);
    expect(await customer.account()).toEqual({ balance: 610, held: 0, debt: 0 });
  });
});

test('upgrade, downgrade and a refund of all leave nothing beyond what was paid for', async () => {
  const customer = await newCustomer();
  const subscription = await newSubscription(customer.id, 'active');
  const starter = await customer.pay(99, { credits: 500, subscription });
  const upgrade = await customer.pay(300, { credits: 1200, subscription, at: 1 });
  await customer.spend(900, 2);
  await customer.stripeSays(upgrade, { refunded: 300, at: 3 });
  expect(await customer.account()).toMatchObject({ balance: -400, debt: 400 });
  await customer.stripeSays(starter, { refunded: 99, at: 4 });
  expect(await customer.account()).toMatchObject({ balance: -900, debt: 900 });
});

describe('a year that was paid for', () => {
  /** A year of 500 credits a month, of which the first is granted; on day 10 it becomes one of 2,000. */
  async function newYear() {
    const customer = await newCustomer();
    const subscription = await newSubscription(customer.id, 'active');
    const year = await customer.pay(950, { credits: 500, subscription });
    await database.query('select schedule_plan_grants($1, $2, $3, $4, $5, 1, $6, $7, $6)', [
      `il_${randomUUID()}`,
      customer.id,
      subscription,
      year,
      await offerOf('starter_annual'),
      day(0),
      day(365),
    ]);
    const months = (at: number) =>
      database.query('select grant_plan_months(id, $2) from grant_schedules where customer_id = $1', [
        customer.id,
        day(at),
      ]);
    const upgrade = async (credits: number, amountMinor: number, at: number) => {
      const payment = await customer.pay(amountMinor);
      const change = { source_ref: `il_${randomUUID()}`, period_end: day(365), since: day(at), credits };
      await database.query(`select change_plan_months($1, $2, $3, $4, $5, $6, null, 'test', $7)`, [
        `in_${randomUUID()}`,
        customer.id,
        subscription,
        payment,
        JSON.stringify([{ ...change, offer_id: credits > 0 ? await offerOf('professional_annual') : null }]),
        day(31),
        day(at),
      ]);
      return payment;
    };
    return { customer, year, months, upgrade };
  }
  const granted = async (customerId: string) =>
    database.query<{ granted: number; reversed: number }>(
      `select granted::int, reversed::int from credit_lots
       where customer_id = $1 order by created_at, period_end, granted`,
      [customerId],
    );

  test('and goes back gives the credits of all its months back, those that are still to come, too', async () => {
    const { customer, year, months } = await newYear();
    await months(62);
    await customer.stripeSays(year, { disputed: 950, at: 63 });
    expect(await customer.account()).toMatchObject({ balance: 0, debt: 0 });
    await months(95);
    expect(await customer.account()).toMatchObject({ balance: 0, debt: 0 });
    await customer.stripeSays(year, { at: 96 });
    // The present month, and of those before as much as rolls over.
    expect(await customer.account()).toMatchObject({ balance: 750, debt: 0 });
  });

  test('gives back what its upgrade paid for when the upgrade’s money goes back, and its own with its own', async () => {
    const { customer, year, months, upgrade } = await newYear();
    const bigger = await upgrade(1500, 2000, 10);
    await months(58);
    await customer.spend(1900, 58);
    await months(59);
    const both = [
      { granted: 500, reversed: 0 },
      { granted: 500, reversed: 0 },
      { granted: 1500, reversed: 0 },
    ];
    expect((await granted(customer.id)).slice(0, 3)).toEqual(both);
    await customer.stripeSays(bigger, { refunded: 2000, at: 61 });
    expect((await granted(customer.id)).filter(({ reversed }) => reversed > 0)).toEqual([
      { granted: 1500, reversed: 1500 },
      { granted: 1500, reversed: 1500 },
    ]);
    await months(91);
    expect((await granted(customer.id)).at(-1)).toEqual({ granted: 500, reversed: 0 });
    await customer.stripeSays(bigger, { at: 92 });
    await customer.stripeSays(year, { refunded: 950, at: 93 });
    expect((await granted(customer.id)).filter(({ granted: credits }) => credits === 1500)).toEqual([
      { granted: 1500, reversed: 0 },
      { granted: 1500, reversed: 0 },
    ]);
  });

  test('loses the upgrade’s part first when a downgrade gives money back', async () => {
    const { customer, months, upgrade } = await newYear();
    const bigger = await upgrade(1500, 2000, 10);
    await upgrade(-1000, 0, 11);
    await months(32);
    expect(await granted(customer.id)).toEqual([
      { granted: 500, reversed: 0 },
      { granted: 500, reversed: 0 },
      { granted: 500, reversed: 0 },
    ]);
    await customer.stripeSays(bigger, { refunded: 2000, at: 33 });
    expect((await granted(customer.id)).map(({ reversed }) => reversed).toSorted()).toEqual([0, 0, 500]);
  });
});
