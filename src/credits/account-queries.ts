import { sql, type SQL } from 'drizzle-orm';
import type { AccountReference } from '../core/actor.ts';
import { customerIdOf } from '../customers/index.ts';
import { build } from '../db/index.ts';

/**
 * One answer about an account (`account.customer_id`), as JSON. Row: `customer_id`, null where there is no such
 * customer, and `result`.
 */
export function onAccount(account: AccountReference, call: SQL) {
  return build.execute<{ customer_id: string | null; result: unknown }>(sql`
    with account as materialized (select ${customerIdOf(account)} as customer_id)
    select customer_id, ${call} as result from account`);
}
