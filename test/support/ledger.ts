import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { Buyer } from './shop.ts';
import type { TestDatabase } from './database.ts';
import { ledgerViolations } from './ledger-promises.ts';
import type { TestWorker } from './worker.ts';

/** Every promise of the ledger holds for every account of a database, at an instant at which nothing is under way. */
export async function expectSoundLedger(query: TestDatabase['query']): Promise<void> {
  const found: Record<string, unknown> = {};
  for (const [promise, sql] of Object.entries(ledgerViolations)) {
    const rows = await query(sql);
    if (rows.length > 0) found[promise] = rows;
  }
  expect(found).toEqual({});
}

/** Credits to make. `expiresAt` null: they stay. */
export interface TestGrant {
  readonly kind?: 'plan' | 'promotional' | 'purchased';
  readonly expiresAt?: Date | null;
  readonly now?: Date;
}

/** A customer's row, and its account with credits in one lot. Answers the customer's id. */
export async function grant(
  worker: Pick<TestWorker, 'database' | 'tokens'>,
  buyer: Pick<Buyer, 'subject'>,
  credits: number,
  { kind = 'purchased', expiresAt = null, now = new Date() }: TestGrant = {},
): Promise<string> {
  const { query } = worker.database;
  const [customer] = await query<{ id: string }>(
    `insert into customers (issuer, subject) values ($1, $2)
     on conflict (issuer, subject) do update set updated_at = now() returning id`,
    [worker.tokens.issuer, buyer.subject],
  );
  const type = kind === 'purchased' ? 'purchase' : 'admin_grant';
  await query(
    `select grant_credits($1, $2, $3, 'admin', $4, $5, null, null, null, $6, 'A test''s credits', null, null, 'test', $7)`,
    [customer?.id, credits, kind, randomUUID(), type, expiresAt, now],
  );
  return customer?.id ?? '';
}

/** What a customer's account says. */
export async function accountOf(worker: Pick<TestWorker, 'database'>, buyer: Pick<Buyer, 'subject'>) {
  const [account] = await worker.database.query<{ balance: number; held: number; debt: number }>(
    `select balance::int, held::int, debt::int from credit_accounts
     where customer_id = (select id from customers where subject = $1)`,
    [buyer.subject],
  );
  return account;
}
