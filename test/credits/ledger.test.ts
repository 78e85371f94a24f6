import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { expectSoundLedger } from '../support/ledger.ts';
import { migratedTemplate } from '../support/template.ts';
import type { TestAnswer } from '../support/worker.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase({ template: migratedTemplate });
});
afterAll(async () => {
  await expectSoundLedger(database.query);
  await database.drop();
});

const start = Date.UTC(2030, 0, 1);
/** The tests' time: a number of minutes after its beginning. */
const at = (minutes: number) => new Date(start + minutes * 60_000);

/** What a function of the ledger answers: looked into as an answer of the API is. */
type Outcome = TestAnswer['json'];

async function call(name: string, ...parameters: readonly unknown[]): Promise<Outcome> {
  const places = parameters.map((_, index) => `$${index + 1}`).join(', ');
  const [row] = await database.query<{ result: Outcome }>(`select ${name}(${places}) as result`, parameters);
  return row?.result;
}

async function newCustomer(): Promise<string> {
  const [row] = await database.query<{ id: string }>(
    "insert into customers (issuer, subject) values ('https://issuer.test', $1) returning id",
    [randomUUID()],
  );
  return row?.id ?? '';
}

interface Given {
  readonly minutes?: number;
  readonly expiresAt?: Date | null;
  readonly ref?: string;
}

const give = (
  customer: string,
  credits: number,
  { minutes = 0, expiresAt = null, ref = randomUUID() }: Given = {},
) =>
  call(
    'grant_credits',
    customer,
    credits,
    'promotional',
    'admin',
    ref,
    'admin_grant',
    null,
    null,
    null,
    expiresAt,
    'A gift',
    'because',
    null,
    'admin:a',
    at(minutes),
  );

async function rich(credits: number): Promise<string> {
  const customer = await newCustomer();
  await give(customer, credits);
  return customer;
}

interface Asked {
  readonly operation?: string;
  readonly quantity?: number;
  readonly key?: string;
  readonly hash?: string;
  readonly minutes?: number;
}

const spend = (
  customer: string,
  credits: number | null,
  { operation, quantity = 1, key, hash, minutes = 1 }: Asked = {},
) =>
  call(
    'spend_credits',
    customer,
    operation ?? null,
    credits,
    quantity,
    null,
    'Spent',
    randomUUID(),
    key ?? null,
    hash ?? null,
    'customer:c',
    at(minutes),
  );

/** Reserves for ten minutes. */
const hold = (
  customer: string,
  credits: number,
  { operation, quantity = 1, key, hash, minutes = 1 }: Asked = {},
) =>
  call(
    'hold_credits',
    customer,
    randomUUID(),
    operation ?? null,
    credits,
    quantity,
    null,
    'Held',
    at(minutes + 10),
    key ?? null,
    hash ?? null,
    'customer:c',
    at(minutes),
  );

const capture = (customer: string, id: string, credits: number | null, minutes = 2) =>
  call('capture_credit_hold', customer, id, credits, 'customer:c', at(minutes));
const release = (customer: string, id: string, minutes = 2) =>
  call('release_credit_hold', customer, id, at(minutes));
const takeBack = (customer: string, credits: number, { minutes = 2, ref = randomUUID() }: Given = {}) =>
  call('claw_back_credits', customer, credits, null, ref, 'Taken back', 'why', null, 'admin:a', at(minutes));
const adjust = (customer: string, credits: number, ref: string = randomUUID()) =>
  call('adjust_credits', customer, credits, ref, 'a correction', 'admin:a', at(2));

async function accountOf(customer: string) {
  const [account] = await database.query<{ balance: number; held: number; debt: number }>(
    'select balance::int, held::int, debt::int from credit_accounts where customer_id = $1',
    [customer],
  );
  return account;
}

async function ledgerOf(customer: string) {
  const rows = await database.query<{ transaction_type: string; amount: number; debt_change: number }>(
    `select transaction_type, amount::int, debt_change::int from credit_transactions
     where customer_id = $1 order by sequence`,
    [customer],
  );
  return rows.map((row) => [row.transaction_type, row.amount, row.debt_change]);
}

describe('plain SQL', () => {
  beforeAll(async () => {
    const customer = await rich(100);
    await hold(customer, 10);
  });

  test.each([
    ['credit_transactions', 'amount = amount + 1'],
    ['credit_transaction_lots', 'amount = amount + 1'],
    ['credit_hold_lots', 'amount = amount + 1'],
  ])('can neither change, delete nor empty %s', async (table, change) => {
    for (const statement of [
      `update ${table} set ${change}`,
      `delete from ${table}`,
      `truncate ${table} cascade`,
    ]) {
      await expect(database.query(statement)).rejects.toMatchObject({ code: '23001' });
    }
  });

  test.each(['credit_accounts', 'credit_lots', 'credit_holds'])(
    'cannot delete or empty %s',
    async (table) => {
      for (const statement of [`delete from ${table}`, `truncate ${table} cascade`]) {
        await expect(database.query(statement)).rejects.toMatchObject({ code: '23001' });
      }
    },
  );

  test.each([
    ['credit_accounts', 'held = -1'],
    ['credit_accounts', 'debt = -1'],
    ['credit_lots', 'remaining = granted + 1'],
    ['credit_lots', 'remaining = -1'],
    ['credit_lots', 'held = remaining + 1'],
    ['credit_lots', 'granted = 0'],
    ['credit_holds', "status = 'lost'"],
    ['credit_holds', 'captured = amount + 1'],
  ])('cannot make %s say %s', async (table, change) => {
    await expect(database.query(`update ${table} set ${change}`)).rejects.toMatchObject({ code: '23514' });
  });
});

describe('a grant', () => {
  test('makes a lot, an entry and a balance, once for one fact', async () => {
    const customer = await newCustomer();
    const ref = randomUUID();
    const first = await give(customer, 100, { ref });
    const again = await give(customer, 100, { ref });
    expect(first).toMatchObject({
      outcome: 'granted',
      transaction: { amount: 100, sequence: 1, reason: 'because', actor: 'admin:a' },
      credits: { balance: 100, available: 100, held: 0, debt: 0 },
    });
    expect(again).toEqual({ ...first, outcome: 'replayed' });
    expect(await ledgerOf(customer)).toEqual([['admin_grant', 100, 0]]);
  });

  test('of one fact 20 times at once is one grant', async () => {
    const customer = await newCustomer();
    const ref = randomUUID();
    const pool = database.pool({ max: 20 });
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const { rows } = await pool.query<{ outcome: string }>(
          `select grant_credits($1, 5, 'purchased', 'import', $2, 'import', null, null, null, null, 'x', null, null, 'a', $3)
             ->> 'outcome' as outcome`,
          [customer, ref, at(0)],
        );
        return rows[0]?.outcome;
      }),
    );
    expect(outcomes.filter((outcome) => outcome === 'granted')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'replayed')).toHaveLength(19);
    expect(await accountOf(customer)).toMatchObject({ balance: 5 });
  });
});

describe('a spend', () => {
  test('takes of what was granted at one instant in the order of the grants', async () => {
    const customer = await newCustomer();
    const refs = Array.from({ length: 12 }, (_, index) => `${customer}:${index}`);
    for (const ref of refs) await give(customer, 2, { ref, expiresAt: at(100) });
    const left = async () =>
      (
        await database.query(
          'select source_ref from credit_lots where customer_id = $1 and remaining > 0 order by source_ref collate "C"',
          [customer],
        )
      ).map((row) => row['source_ref']);
    for (const [index] of refs.entries()) {
      expect(await left()).toEqual(refs.slice(index).toSorted());
      await spend(customer, 2);
    }
  });

  test('answers each of its outcomes, and changes nothing but by the first', async () => {
    const customer = await rich(10);
    const spent = await spend(customer, 4, { key: 'k', hash: 'h' });
    expect(spent).toMatchObject({
      outcome: 'spent',
      transaction: { amount: -4, sequence: 2, lots: [{ amount: -4 }] },
      credits: { balance: 6, available: 6 },
      top_up_due: false,
    });
    const answer = { transaction: spent.transaction, credits: spent.credits };
    expect(await spend(customer, 4, { key: 'k', hash: 'h' })).toEqual({ ...answer, outcome: 'replayed' });
    expect(await spend(customer, 4, { key: 'k', hash: 'other' })).toEqual({ outcome: 'key_reused' });
    expect(await spend(customer, null, { operation: 'nothing' })).toEqual({ outcome: 'unknown_operation' });
    expect(await spend(customer, 7)).toMatchObject({ outcome: 'insufficient', required: 7 });
    expect(await spend(await newCustomer(), 7)).toMatchObject({ outcome: 'insufficient', required: 7 });
    expect(await ledgerOf(customer)).toEqual([
      ['admin_grant', 10, 0],
      ['spend', -4, 0],
    ]);
  });

  test('of an operation costs what the operation costs, times the quantity', async () => {
    const customer = await rich(100);
    expect(await spend(customer, null, { operation: 'blog_post', quantity: 3 })).toMatchObject({
      outcome: 'spent',
      transaction: { amount: -15, quantity: 3, operation_type: 'blog_post' },
    });
  });
});

describe('a hold', () => {
  test('answers each of its outcomes, and reserves only by the first', async () => {
    const customer = await rich(10);
    const held = await hold(customer, 4, { key: 'k', hash: 'h' });
    expect(held).toMatchObject({
      outcome: 'held',
      hold: { amount: 4, status: 'active' },
      credits: { balance: 10, available: 6, held: 4 },
    });
    const answer = { hold: held.hold, credits: held.credits };
    expect(await hold(customer, 4, { key: 'k', hash: 'h' })).toEqual({ ...answer, outcome: 'replayed' });
    expect(await hold(customer, 4, { key: 'k', hash: 'other' })).toEqual({ outcome: 'key_reused' });
    expect(await hold(customer, 4, { operation: 'nothing' })).toEqual({ outcome: 'unknown_operation' });
    expect(await hold(customer, 7)).toMatchObject({ outcome: 'insufficient', required: 7 });
    expect(await hold(await newCustomer(), 7)).toMatchObject({ outcome: 'insufficient', required: 7 });
    expect(await accountOf(customer)).toEqual({ balance: 10, held: 4, debt: 0 });
    expect(await ledgerOf(customer)).toHaveLength(1);
  });

  test('is captured, or not, with each outcome', async () => {
    const customer = await rich(10);
    const { id } = (await hold(customer, 6)).hold;
    expect(await capture(customer, id, 7)).toEqual({ outcome: 'too_much', held: 6 });
    expect(await capture(customer, randomUUID(), 1)).toEqual({ outcome: 'not_found' });
    expect(await capture(await rich(10), id, 1)).toEqual({ outcome: 'not_found' });
    expect(await call('capture_credit_hold', null, id, 1, 'x', at(2))).toEqual({ outcome: 'not_found' });
    expect(await call('release_credit_hold', null, id, at(2))).toEqual({ outcome: 'not_found' });
    expect(await capture(customer, id, 5)).toMatchObject({
      outcome: 'captured',
      hold: { status: 'captured', captured: 5 },
      transaction: { amount: -5, transaction_type: 'capture' },
      credits: { balance: 5, available: 5, held: 0 },
    });
    expect(await capture(customer, id, 5)).toEqual({ outcome: 'not_active', status: 'captured' });
    expect(await release(customer, id)).toEqual({ outcome: 'not_active', status: 'captured' });
  });

  test('is released with each outcome', async () => {
    const customer = await rich(10);
    const { id } = (await hold(customer, 6)).hold;
    expect(await release(await rich(10), id)).toEqual({ outcome: 'not_found' });
    expect(await release(customer, id)).toMatchObject({
      outcome: 'released',
      hold: { status: 'released', captured: null },
      credits: { balance: 10, available: 10, held: 0 },
    });
    expect(await release(customer, id)).toEqual({ outcome: 'not_active', status: 'released' });
  });

  test('expires on the instant, and not before', async () => {
    const customer = await rich(10);
    const { id } = (await hold(customer, 6, { minutes: 0 })).hold;
    expect(await hold(customer, 5, { minutes: 9 })).toMatchObject({ outcome: 'insufficient' });
    expect(await capture(customer, id, 1, 10)).toEqual({ outcome: 'not_active', status: 'expired' });
    expect(await accountOf(customer)).toEqual({ balance: 10, held: 0, debt: 0 });
  });

  test('of nothing expires like any other', async () => {
    const customer = await rich(10);
    const { id } = (await hold(customer, 0, { minutes: 0 })).hold;
    expect(await capture(customer, id, null, 10)).toEqual({ outcome: 'not_active', status: 'expired' });
  });

  test('keeps what it has reserved of a lot beyond the lot’s expiry, and what comes back then is gone', async () => {
    const customer = await newCustomer();
    await give(customer, 10, { expiresAt: at(5) });
    const { id } = (await hold(customer, 6, { minutes: 0 })).hold;
    await call('expire_credits', 1000, at(6));
    expect(await accountOf(customer)).toEqual({ balance: 6, held: 6, debt: 0 });
    await capture(customer, id, 4, 7);
    expect(await accountOf(customer)).toEqual({ balance: 0, held: 0, debt: 0 });
    expect(await ledgerOf(customer)).toEqual([
      ['admin_grant', 10, 0],
      ['expiry', -4, 0],
      ['capture', -4, 0],
      ['expiry', -2, 0],
    ]);
  });
});

describe('a debt', () => {
  test('is what is taken back beyond what is there; it blocks spending, and the next grant repays it', async () => {
    const customer = await rich(10);
    const ref = randomUUID();
    const taken = await takeBack(customer, 25, { ref });
    expect(taken).toMatchObject({ outcome: 'taken', credits: { balance: -15, available: 0, debt: 15 } });
    expect(await takeBack(customer, 25, { ref })).toEqual({ ...taken, outcome: 'replayed' });
    expect(await spend(customer, 1)).toMatchObject({ outcome: 'insufficient' });
    expect(await hold(customer, 1)).toMatchObject({ outcome: 'insufficient' });
    await give(customer, 5);
    expect(await accountOf(customer)).toEqual({ balance: -10, held: 0, debt: 10 });
    expect(await spend(customer, 1)).toMatchObject({ outcome: 'insufficient' });
    await give(customer, 12);
    expect(await accountOf(customer)).toEqual({ balance: 2, held: 0, debt: 0 });
    expect(await spend(customer, 2)).toMatchObject({ outcome: 'spent' });
    expect(await ledgerOf(customer)).toEqual([
      ['admin_grant', 10, 0],
      ['clawback', -25, 15],
      ['admin_grant', 5, -5],
      ['admin_grant', 12, -10],
      ['spend', -2, 0],
    ]);
  });

  test('leaves a hold alone, and is repaid by what comes back of it', async () => {
    const customer = await rich(10);
    const { id } = (await hold(customer, 8)).hold;
    await takeBack(customer, 10);
    expect(await accountOf(customer)).toEqual({ balance: 0, held: 8, debt: 8 });
    await capture(customer, id, 3, 3);
    expect(await accountOf(customer)).toEqual({ balance: -3, held: 0, debt: 3 });
    expect((await ledgerOf(customer)).at(-1)).toEqual(['debt_repayment', 0, -5]);
  });
});

describe('an adjustment', () => {
  test('goes up, down as far as there is, and once for one reference', async () => {
    const customer = await rich(10);
    const ref = randomUUID();
    const up = await adjust(customer, 5, ref);
    expect(up).toMatchObject({ outcome: 'adjusted', credits: { balance: 15 } });
    expect(await adjust(customer, 5, ref)).toEqual({ ...up, outcome: 'replayed' });
    expect(await adjust(customer, -16)).toMatchObject({ outcome: 'insufficient', required: 16 });
    expect(await adjust(customer, -15)).toMatchObject({ outcome: 'adjusted', credits: { balance: 0 } });
    expect(await ledgerOf(customer)).toEqual([
      ['admin_grant', 10, 0],
      ['adjustment', 5, 0],
      ['adjustment', -15, 0],
    ]);
  });
});

describe('the scheduled expiry', () => {
  test('ends what is over, of as many accounts as it is told, and comes to an end', async () => {
    const customers = await Promise.all(Array.from({ length: 5 }, () => newCustomer()));
    for (const customer of customers) {
      await give(customer, 10, { minutes: 1000, expiresAt: at(1010) });
      await hold(customer, 4, { minutes: 1001 });
    }
    const looks: number[] = [];
    for (let looked = 1; looked > 0; looks.push(looked)) looked = await call('expire_credits', 2, at(1020));
    expect(looks.at(-1)).toBe(0);
    expect(Math.max(...looks)).toBeLessThanOrEqual(2);
    for (const customer of customers) {
      expect(await accountOf(customer)).toEqual({ balance: 0, held: 0, debt: 0 });
    }
  });

  test('is not kept from others by an account whose books are damaged', async () => {
    const customers = await Promise.all([newCustomer(), newCustomer(), newCustomer()]);
    for (const customer of customers) {
      await give(customer, 10, { minutes: 3000, expiresAt: at(3010) });
      await hold(customer, 4, { minutes: 3001 });
    }
    const [damaged = '', ...others] = customers;
    const setHeld = (credits: number) =>
      database.query('update credit_lots set held = $2 where customer_id = $1', [damaged, credits]);
    await setHeld(0);
    expect(await call('expire_credits', 10, at(3020))).toBe(2);
    for (const customer of others)
      expect(await accountOf(customer)).toEqual({ balance: 0, held: 0, debt: 0 });
    await setHeld(4);
    expect(await call('expire_credits', 10, at(3020))).toBe(1);
    expect(await accountOf(damaged)).toEqual({ balance: 0, held: 0, debt: 0 });
  });

  test('is not kept from others by holds of nothing', async () => {
    for (const customer of await Promise.all([newCustomer(), newCustomer()])) {
      await give(customer, 10);
      await hold(customer, 0, { minutes: 2001 });
    }
    const late = await newCustomer();
    await give(late, 10, { minutes: 2002, expiresAt: at(2020) });
    const looks: number[] = [];
    for (let look = 1; look <= 4; look += 1) looks.push(await call('expire_credits', 1, at(2030)));
    expect(looks).toEqual([1, 1, 1, 0]);
    expect(await accountOf(late)).toEqual({ balance: 0, held: 0, debt: 0 });
  });
});

describe('the notice of few credits', () => {
  test('does not wait for whoever closes the customer’s checkouts, and who waits for the account next', async () => {
    const customer = await rich(100);
    await database.query('update credit_accounts set allocation = 100 where customer_id = $1', [customer]);
    const closing = await database.connect();
    await closing.query('begin');
    await closing.query("select close_subscription_checkouts($1, '{}', '{}', $2)", [customer, at(1)]);
    const using = await database.connect();
    await using.query("set lock_timeout = '2s'");
    await using.query("select spend_credits($1, null, 90, 1, null, 'x', $2, null, null, 'customer:c', $3)", [
      customer,
      randomUUID(),
      at(1),
    ]);
    await closing.query('select lock_credit_account($1)', [customer]);
    await closing.query('rollback');
  });

  test('is written once when they become few, and again only after there were more', async () => {
    const customer = await rich(100);
    await database.query('update credit_accounts set allocation = 100 where customer_id = $1', [customer]);
    const notices = async () =>
      (await database.query('select 1 from customer_notices where customer_id = $1', [customer])).length;
    const counts: number[] = [];
    for (const step of [
      () => spend(customer, 80),
      () => spend(customer, 1),
      () => spend(customer, 1),
      () => give(customer, 50),
      () => hold(customer, 60),
      () => spend(customer, 1),
    ]) {
      await step();
      counts.push(await notices());
    }
    expect(counts).toEqual([0, 1, 1, 1, 2, 2]);
  });
});
