import { and, sql, type SQL } from 'drizzle-orm';
import type { AccountReference } from '../core/actor.ts';
import { instant, type IdempotencyClaim } from '../db/index.ts';
import { onAccount } from './account-queries.ts';
import { ledgerKey, type Hold } from './spending-outcome.ts';
import type { Usage } from './spending-schemas.ts';

/** Who uses credits of whose account, for what, and when. */
export interface CreditUse {
  readonly account: AccountReference;
  readonly usage: Usage;
  readonly actor: string;
  /** Names what the request makes, unless its Idempotency-Key does. */
  readonly operationId: string;
  readonly claim: IdempotencyClaim | undefined;
  readonly now: Date;
}

/** Spends, or says why not (`spend_credits`). */
export function spend({ account, usage, actor, operationId, claim, now }: CreditUse) {
  return onAccount(
    account,
    sql`spend_credits(customer_id, ${usage.operation_type ?? null}, ${usage.amount ?? null}::bigint,
      ${usage.quantity}::bigint, ${detailsOf(usage)}::jsonb, ${describe(usage)}, ${claim?.id ?? operationId},
      ${ledgerKey(claim)}, ${claim?.requestHash ?? null}, ${actor}, ${instant(now)})`,
  );
}

/** Reserves, or says why not (`hold_credits`). */
export function hold({ account, usage, actor, operationId, claim, now }: CreditUse, expiresAt: Date) {
  return onAccount(
    account,
    sql`hold_credits(customer_id, ${claim?.id ?? operationId}::uuid, ${usage.operation_type ?? null},
      ${usage.amount ?? null}::bigint, ${usage.quantity}::bigint, ${detailsOf(usage)}::jsonb, ${describe(usage)},
      ${instant(expiresAt)}, ${ledgerKey(claim)}, ${claim?.requestHash ?? null}, ${actor}, ${instant(now)})`,
  );
}

/** Which hold an operation ends. The same operation again is told the same. */
export interface HoldEnd {
  readonly account: AccountReference;
  readonly id: string;
  readonly operationId: string;
  readonly now: Date;
}

/** Takes `amount` of a hold, or all of it (`capture_credit_hold`). */
export function captureHold(
  { account, id, operationId, now }: HoldEnd,
  { amount, actor }: { readonly amount: number | null; readonly actor: string },
) {
  return onAccount(
    account,
    sql`capture_credit_hold(customer_id, ${id}::uuid, ${amount}::bigint, ${actor}, ${instant(now)},
      ${operationId}::uuid)`,
  );
}

/** Gives all of a hold free (`release_credit_hold`). */
export function releaseHold({ account, id, operationId, now }: HoldEnd) {
  return onAccount(
    account,
    sql`release_credit_hold(customer_id, ${id}::uuid, ${instant(now)}, ${operationId}::uuid)`,
  );
}

/** `result`: the hold as a JSON object, or null. */
export function findHold(account: AccountReference, id: string) {
  return onAccount(
    account,
    sql`(select to_jsonb(hold) from credit_holds as hold
      where hold.id = ${id}::uuid and hold.customer_id = account.customer_id)`,
  );
}

export interface HoldFilter {
  readonly status: Hold['status'] | undefined;
  readonly before: readonly [createdAt: Date, id: string] | undefined;
  readonly limit: number;
}

/** `result`: an array of holds, newest first. One whose time is over at `now` has expired, noted or not. */
export function listHolds(account: AccountReference, { status, before, limit }: HoldFilter, now: Date) {
  const conditions = [
    sql`hold.customer_id = account.customer_id`,
    ...(status === undefined ? [] : [hasStatus(status, now)]),
    ...(before === undefined ? [] : [sql`(created_at, id) < (${instant(before[0])}, ${before[1]}::uuid)`]),
  ];
  return onAccount(
    account,
    sql`(select coalesce(jsonb_agg(to_jsonb(found) order by created_at desc, id desc), '[]') from (
      select * from credit_holds as hold where ${and(...conditions)}
      order by created_at desc, id desc limit ${limit}
    ) as found)`,
  );
}

/** A condition on `status` itself, by which an index finds the few active ones. */
function hasStatus(status: Hold['status'], now: Date): SQL {
  const isOver = sql`expires_at <= ${instant(now)}`;
  if (status === 'active') return sql`(status = 'active' and not ${isOver})`;
  if (status === 'expired') return sql`(status = 'expired' or (status = 'active' and ${isOver}))`;
  return sql`status = ${status}`;
}

function detailsOf({ details }: Usage): string | null {
  return details === undefined ? null : JSON.stringify(details);
}

function describe({ description, operation_type, quantity }: Usage): string {
  if (description !== undefined) return description;
  const what = operation_type ?? 'Credits';
  return quantity === 1 ? what : `${quantity} × ${what}`;
}
