import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { expectSoundLedger } from '../support/ledger.ts';
import { migratedTemplate } from '../support/template.ts';
import { Random } from '../stripe-sandbox/stories/random.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase({ template: migratedTemplate });
});
afterAll(() => database.drop());

const start = Date.UTC(2030, 0, 1);

/** A customer with a payment of 1,000 for 600 credits. */
async function newCustomer(): Promise<{ readonly id: string; readonly payment: string }> {
  const id = randomUUID();
  const payment = randomUUID();
  await database.query("insert into customers (id, issuer, subject) values ($1, 'i', $2)", [id, id]);
  await database.query(
    `insert into payments (id, customer_id, offer_id, stripe_payment_intent_id, currency, amount_minor, paid_at)
     values ($1, $2, (select id from prices order by id limit 1), $3, 'GBP', 1000, $4)`,
    [payment, id, `pi_${payment}`, new Date(start)],
  );
  await database.query(
    `select grant_credits($1, 600, 'purchased', 'checkout_session', $2, 'purchase', null, $3, null, null, 'x', null, null, 'a', $4)`,
    [id, payment, payment, new Date(start)],
  );
  return { id, payment };
}

/** One statement that moves credits somehow: `$1` the customer, `$2` an amount, `$3` the time, `$4` a reference. */
const movements = [
  `select grant_credits($1, $2::bigint + 1, 'promotional', 'admin', $4, 'admin_grant', null, null, null,
     $3::timestamptz + $2::int * interval '1 second', 'x', null, null, 'a', $3)`,
  `select grant_credits($1, $2::bigint + 1, 'purchased', 'import', $4, 'import', null, null, null, null, 'x', null, null,
     'a', $3)`,
  `select spend_credits($1, null, $2, 1, null, 'x', $4, null, null, 'a', $3)`,
  `select spend_credits($1, null, $2, 1, null, 'x', $4, null, null, 'a', $3)`,
  `select hold_credits($1, $4::uuid, null, $2, 1, null, 'x', $3::timestamptz + interval '20 seconds', null, null, 'a', $3)`,
  `select hold_credits($1, $4::uuid, null, $2, 1, null, 'x', $3::timestamptz + interval '90 seconds', null, null, 'a', $3)`,
  `select capture_credit_hold(customer_id, id, least($2, amount), 'a', $3) from (
     select * from credit_holds where customer_id = $1 order by md5(id::text || $4) limit 1) as hold`,
  `select release_credit_hold(customer_id, id, $3) from (
     select * from credit_holds where customer_id = $1 and $2::int >= 0 order by md5(id::text || $4) limit 1) as hold`,
  `select claw_back_credits($1, $2::bigint + 1, null, $4, 'x', null, null, 'a', $3)`,
  `select adjust_credits($1, case when $2::bigint % 2 = 0 then $2::bigint + 1 else -$2::bigint end, $4, 'x', 'a', $3)`,
  `select expire_credits(3, $3) where $1::uuid is not null and $2::bigint >= 0 and $4::text is not null`,
  `select reverse_payment(id, version, $2::bigint * 10, 0, null, null, 'a', $3) from payments
   where customer_id = $1 and $4::text is not null`,
] as const;

test.each([1, 2, 3])(
  'whatever moves credits, in whatever order and at once, the ledger stays sound (seed %i)',
  async (seed) => {
    const customers = await Promise.all(Array.from({ length: 3 }, () => newCustomer()));
    const random = new Random(seed);
    const pool = database.pool({ max: 8 });
    let seconds = 0;
    for (let round = 0; round < 12; round += 1) {
      const steps = Array.from({ length: 25 }, () => {
        seconds += random.between(0, 2);
        const customer = random.find(customers)?.id;
        const parameters = [customer, random.between(0, 120), new Date(start + seconds * 1000), randomUUID()];
        return pool.query(random.find([...movements]) ?? '', parameters).catch(passing);
      });
      await Promise.all(steps);
      await expectSoundLedger(database.query);
    }
  },
);

/** A payment that changed between reading and writing, which the caller repeats: RC411. */
function passing(error: unknown): void {
  if ((error as { code?: string }).code !== 'RC411') throw error;
}

const guarded = [
  'credit_transactions',
  'credit_transaction_lots',
  'credit_holds',
  'credit_hold_lots',
] as const;

test.each([
  'update credit_accounts set balance = balance + 1',
  'update credit_accounts set held = held + 1',
  'update credit_accounts set debt = debt + 1',
  'update credit_accounts set used = used + 1',
  'update credit_accounts set purchased = purchased + 1',
  'update credit_accounts set last_sequence = last_sequence + 1',
  'update credit_lots set remaining = remaining - 1 where remaining > held',
  "update credit_holds set status = 'released' where status = 'active'",
  'update credit_transactions set sequence = sequence + 100',
  'update credit_transactions set balance_after = balance_after + 1',
  'update credit_transactions set amount = amount - 1',
  'delete from credit_transaction_lots',
  'delete from credit_hold_lots',
])('an unsound ledger is found: %s', async (damage) => {
  const { id } = await newCustomer();
  await database.query(
    `select spend_credits($1, null, 5, 1, null, 'x', $2, null, null, 'a', now()),
       hold_credits($1, $2::uuid, null, 5, 1, null, 'x', now() + interval '1 hour', null, null, 'a', now())`,
    [id, randomUUID()],
  );
  const client = await database.connect();
  const query: TestDatabase['query'] = async (sql, parameters) =>
    (await client.query(sql, [...(parameters ?? [])])).rows;
  await client.query('begin');
  for (const table of guarded) await client.query(`alter table ${table} disable trigger user`);
  await client.query(damage);
  await expect(expectSoundLedger(query)).rejects.toThrow('to deeply equal {}');
  await client.query('rollback');
  await expectSoundLedger(query);
});
