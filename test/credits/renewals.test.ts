import type { Client } from 'pg';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { expectSoundLedger } from '../support/ledger.ts';
import { migratedTemplate } from '../support/template.ts';

/** What happens to an account within one month, in every order in which it can. */

let database: TestDatabase;
let client: Client;
let offerId: string;

beforeAll(async () => {
  database = await createTestDatabase({ template: migratedTemplate });
  client = await database.connect();
  const [offer] = await database.query<{ id: string }>(
    "select prices.id from prices join subscription_plans as plan on plan.id = plan_id where plan_key = 'starter_monthly'",
  );
  offerId = offer?.id ?? '';
});
afterAll(() => database.drop());

/** The month of March 2027: January and February are over, and were renewed. */
const now = '2027-03-10T00:00:00Z';

interface Account {
  readonly customerId: string;
  readonly subscriptionId: string;
}

async function newAccount(): Promise<Account> {
  const subscriptionId = `sub_${randomUUID()}`;
  const { rows } = await client.query(
    "insert into customers (issuer, subject) values ('test', $1) returning id",
    [subscriptionId],
  );
  return { customerId: rows[0].id, subscriptionId };
}

async function grant(
  { customerId, subscriptionId }: Account,
  kind: 'plan' | 'promotional' | 'purchased',
  credits: number,
  expiresAt: string | null,
  grantedAt = now,
): Promise<void> {
  const isPlan = kind === 'plan';
  await client.query(
    `select grant_credits($1, $2, $3, $4, $5, $6, $7, null, $8, $9, 'A test''s', null, null, 'test', $10)`,
    [
      customerId,
      credits,
      kind,
      isPlan ? 'invoice_line' : 'admin',
      randomUUID(),
      isPlan ? 'subscription_grant' : 'admin_grant',
      isPlan ? offerId : null,
      isPlan ? subscriptionId : null,
      expiresAt,
      grantedAt,
    ],
  );
}

const happenings = {
  january: (account: Account) => grant(account, 'plan', 500, '2027-02-01T00:00:00Z'),
  february: (account: Account) => grant(account, 'plan', 500, '2027-03-01T00:00:00Z'),
  march: (account: Account) => grant(account, 'plan', 500, '2027-04-01T00:00:00Z'),
  others: async (account: Account) => {
    await grant(account, 'purchased', 100, null);
    await grant(account, 'promotional', 30, '2027-03-09T00:00:00Z');
  },
  expiry: async () => {
    await client.query('select expire_credits(1000, $1)', [now]);
  },
} satisfies Readonly<Record<string, (account: Account) => Promise<void>>>;

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length < 2) return [[...items]];
  return items.flatMap((item, index) =>
    permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]),
  );
}

test('months, rollover, expiry, a purchase and a gift come to the same in every order', async () => {
  const outcomes = new Map<string, string[]>();
  for (const order of permutations(Object.values(happenings))) {
    const account = await newAccount();
    await grant(account, 'promotional', 10, '2027-06-01T00:00:00Z');
    await client.query('begin');
    for (const happen of order) await happen(account);
    await client.query('commit');
    const { rows } = await client.query(
      `select kind, remaining::int, to_char(expires_at at time zone 'UTC', 'YYYY-MM-DD') as until from credit_lots
       where customer_id = $1 and is_open order by kind, remaining`,
      [account.customerId],
    );
    const outcome = rows.map(({ kind, remaining, until }) => `${kind} ${remaining} ${until}`).join(', ');
    outcomes.set(outcome, [...(outcomes.get(outcome) ?? []), order.map(({ name }) => name).join(' ')]);
  }
  expect([...outcomes].map(([outcome, orders]) => [outcome, orders.length, orders[0]])).toEqual([
    [
      'plan 250 2027-04-01, plan 500 2027-04-01, promotional 10 2027-06-01, purchased 100 null',
      120,
      expect.any(String),
    ],
  ]);
  await expectSoundLedger(database.query);
});

test('what rolls over is cut from the oldest, and spent before what came with the month', async () => {
  const account = await newAccount();
  await happenings.others(account);
  await grant(account, 'plan', 500, '2027-02-01T00:00:00Z', '2027-01-01T00:00:00Z');
  await grant(account, 'plan', 500, '2027-03-01T00:00:00Z', '2027-02-01T00:00:00Z');
  await grant(account, 'plan', 500, '2027-04-01T00:00:00Z', '2027-03-01T00:00:00Z');
  const spent = async (amount: number) => {
    const { rows } = await client.query(
      `select spend_credits($1, null, $2, 1, null, 'A use', gen_random_uuid()::text, null, null, 'test', $3) as result`,
      [account.customerId, amount, now],
    );
    return rows[0].result.transaction.lots.map((lot: { kind: string; amount: number }) => [
      lot.kind,
      lot.amount,
    ]);
  };
  expect(await spent(300)).toEqual([
    ['plan', -250],
    ['plan', -50],
  ]);
  expect(await spent(500)).toEqual([
    ['plan', -450],
    ['purchased', -50],
  ]);
});
