import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Pool } from 'pg';
import type { Statement } from '../../src/db/client.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { expectSoundLedger } from '../support/ledger.ts';
import { newStormCustomer, readCatalogue, steps } from '../support/ledger-storm.ts';
import { textOf } from '../support/statement-text.ts';
import { migratedTemplate } from '../support/template.ts';
import { Random } from '../stripe-sandbox/stories/random.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase({ template: migratedTemplate });
});
afterAll(() => database.drop());

const start = Date.UTC(2030, 0, 1);

/** One transaction; answers the SQLSTATE that ended it. */
async function commit(pool: Pool, statements: readonly Statement[]): Promise<string | undefined> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    for (const statement of statements) {
      const { sql, params } = textOf(statement);
      await client.query(sql, [...params]);
    }
    await client.query('commit');
    return undefined;
  } catch (error) {
    await client.query('rollback');
    return (error as { code?: string }).code ?? String(error);
  } finally {
    client.release();
  }
}

/** What the caller repeats: somebody else has written since it looked. */
const staleView = 'RC411';

test('fifty at once move the credits of five accounts in every way: no deadlock, no fault, a sound ledger', async () => {
  const { query } = database;
  const catalogue = await readCatalogue(query);
  const customers = await Promise.all(Array.from({ length: 5 }, () => newStormCustomer(query)));
  const pool = database.pool({ max: 50 });
  const lookUp: TestDatabase['query'] = async (sql, parameters) =>
    (await pool.query(sql, [...(parameters ?? [])])).rows;
  const ended = new Map<string, number>();
  let left = 6000;
  let seconds = 0;
  const lane = async (seed: number) => {
    const random = new Random(seed);
    while (left > 0) {
      left -= 1;
      seconds += random.between(0, 20);
      const [name, step] = random.find(Object.entries(steps)) ?? [];
      const customer = random.find(customers);
      if (name === undefined || step === undefined || customer === undefined)
        throw new Error('nothing to do');
      const now = new Date(start + seconds * 1000);
      const at = { query: lookUp, random, catalogue, customer, credits: random.between(0, 60), now };
      const outcome = `${name}: ${(await commit(pool, await step(at))) ?? 'done'}`;
      ended.set(outcome, (ended.get(outcome) ?? 0) + 1);
    }
  };
  await Promise.all(Array.from({ length: 50 }, (_, index) => lane(index + 1)));
  const outcomes = [...ended.keys()];
  expect(outcomes.filter((outcome) => !outcome.endsWith(': done') && !outcome.endsWith(staleView))).toEqual(
    [],
  );
  expect(outcomes.filter((outcome) => outcome.endsWith(': done'))).toHaveLength(Object.keys(steps).length);
  await expectSoundLedger(query);
  // Whoever came last, grant or news of the subscription, both know how it goes on.
  const wrong = await query(
    `select id, renews from credit_lots
     where kind = 'plan' and is_open and renews <> plan_credits_renew(stripe_subscription_id, expires_at)`,
  );
  expect(wrong).toEqual([]);
});

describe('nonsense that plain SQL asks for is refused, and nothing has happened', () => {
  const grant = (amount: string) =>
    `grant_credits($1, ${amount}, 'promotional', 'admin', 'x', 'admin_grant', null, null, null, null, 'x', null, null, 'a', now())`;
  const spend = (amount: string, quantity = '1') =>
    `spend_credits($1, null, ${amount}, ${quantity}, null, 'x', 'x', null, null, 'a', now())`;
  const hold = (amount: string) =>
    `hold_credits($1, gen_random_uuid(), null, ${amount}, 1, null, 'x', now(), null, null, 'a', now())`;
  const most = '9223372036854775807';

  test.each([
    grant('0'),
    grant('-5'),
    grant('null'),
    grant(most),
    spend('-5'),
    spend('5', '-1'),
    spend(most, '2'),
    hold('-5'),
    "claw_back_credits($1, -5, null, 'x', 'x', null, null, 'a', now())",
    "claw_back_credits($1, 0, null, 'x', 'x', null, null, 'a', now())",
    "claw_back_credits($1, null, null, 'x', 'x', null, null, 'a', now())",
    `claw_back_credits($1, ${most}, null, 'x', 'x', null, null, 'a', now())`,
    "adjust_credits($1, 0, 'x', 'x', 'a', now())",
    "adjust_credits($1, null, 'x', 'x', 'a', now())",
  ])('%s', async (call) => {
    const { query } = database;
    const { id } = await newStormCustomer(query);
    await query(`select ${grant('100').replace("'x'", 'gen_random_uuid()::text')}`, [id]);
    const before = await query('select * from credit_accounts where customer_id = $1', [id]);
    await expect(query(`select ${call}`, [id])).rejects.toMatchObject({
      code: expect.stringMatching(/^(22|23|P0)/),
    });
    expect(await query('select * from credit_accounts where customer_id = $1', [id])).toEqual(before);
    await expectSoundLedger(query);
  });
});
