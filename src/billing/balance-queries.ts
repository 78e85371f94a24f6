import { sql } from 'drizzle-orm';
import type { AccountReference } from '../core/actor.ts';
import { customerIdOf } from '../customers/index.ts';
import { build, instant } from '../db/index.ts';

/**
 * Everything that a balance is made of, as JSON and of one instant, in one statement. Row: `customer_id`, null where
 * there is no such customer, and `state` (`balanceState`, by the SQL function of that name).
 */
export function findBalanceState(account: AccountReference, now: Date) {
  return build.execute<{ customer_id: string | null; state: unknown }>(sql`
    with customer as materialized (select ${customerIdOf(account)} as id)
    select id as customer_id, balance_state(id, ${instant(now)}) as state from customer`);
}
