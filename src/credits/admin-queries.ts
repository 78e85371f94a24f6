import { sql, type SQL } from 'drizzle-orm';
import type { AccountReference } from '../core/actor.ts';
import { instant } from '../db/index.ts';
import { onAccount } from './account-queries.ts';

/** What an admin does to an account, named by the operation's id: done twice, it moves credits once. */
export interface AdminMovement {
  readonly account: AccountReference;
  readonly credits: number;
  readonly reason: string;
  readonly actor: string;
  readonly operationId: string;
  readonly now: Date;
}

/** Null, and nothing done, where there is no such customer. */
function ofCustomer(account: AccountReference, call: SQL) {
  return onAccount(account, sql`case when customer_id is not null then ${call} end`);
}

/** Promotional credits (`grant_credits`). */
export function grantByAdmin(
  { account, credits, reason, actor, operationId, now }: AdminMovement,
  { description, expiresAt }: { readonly description: string; readonly expiresAt: Date | null },
) {
  return ofCustomer(
    account,
    sql`grant_credits(customer_id, ${credits}::bigint, 'promotional', 'admin', ${operationId}, 'admin_grant', null, null,
      null, ${instant(expiresAt)}, ${description}, ${reason}, null, ${actor}, ${instant(now)})`,
  );
}

/** A correction, up or down (`adjust_credits`). */
export function adjustByAdmin({ account, credits, reason, actor, operationId, now }: AdminMovement) {
  return ofCustomer(
    account,
    sql`adjust_credits(customer_id, ${credits}::bigint, ${operationId}, ${reason}, ${actor}, ${instant(now)})`,
  );
}

/** Takes back, from one lot first where one is named (`claw_back_credits`). */
export function clawBackByAdmin(
  { account, credits, reason, actor, operationId, now }: AdminMovement,
  lotId: string | null,
) {
  const isTheirs = sql`exists (
    select from credit_lots as lot where lot.id = ${lotId}::uuid and lot.customer_id = account.customer_id)`;
  return ofCustomer(
    account,
    sql`case when ${lotId}::uuid is not null and not ${isTheirs} then '{"outcome": "lot_not_found"}'
      else claw_back_credits(customer_id, ${credits}::bigint, ${lotId}::uuid, ${operationId}, 'Taken back', ${reason},
        null, ${actor}, ${instant(now)}) end`,
  );
}
