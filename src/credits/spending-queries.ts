import { sql, type SQL } from 'drizzle-orm';
import type { AccountReference } from '../core/actor.ts';
import { customerIdOf } from '../customers/index.ts';
import { build, instant, type IdempotencyClaim } from '../db/index.ts';
import { ledgerKey } from './spending-outcome.ts';
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

/** One function of the ledger on an account. Row: `customer_id`, null where there is no such customer, and `result`. */
function onAccount(account: AccountReference, call: SQL) {
  return build.execute<{ customer_id: string | null; result: unknown }>(sql`
    with account as materialized (select ${customerIdOf(account)} as customer_id)
    select customer_id, ${call} as result from account`);
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

function detailsOf({ details }: Usage): string | null {
  return details === undefined ? null : JSON.stringify(details);
}

function describe({ description, operation_type, quantity }: Usage): string {
  if (description !== undefined) return description;
  const what = operation_type ?? 'Credits';
  return quantity === 1 ? what : `${quantity} × ${what}`;
}
