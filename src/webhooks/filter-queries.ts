import { sql, type SQL } from 'drizzle-orm';
import type { AccountReference } from '../core/actor.ts';
import { customerIdOf } from '../customers/index.ts';
import type { EventFilter } from './inbox-filter.ts';

/**
 * For `with`: whose events are meant, as `account` (`id` here, `stripe_id` at Stripe). Who is no customer here may be
 * named by their id at Stripe: their events are those that fail.
 */
export function accountOfFilter(customer: AccountReference | undefined): SQL {
  if (customer === undefined) return sql`account as (select null::uuid as id, null::text as stripe_id)`;
  const atStripe = 'named' in customer && customer.named.startsWith('cus_') ? customer.named : null;
  return sql`
    named as materialized (select ${customerIdOf(customer)} as id),
    account as materialized (
      select id, coalesce(
        (select stripe_customer_id from customers where customers.id = named.id), ${atStripe}) as stripe_id
      from named)`;
}

/** `event` is known to be about the customer (`account`): once it was processed. */
export const isOfCustomer = sql`event.customer_id = (select id from account)`;

/** `event` says at Stripe that it is about the customer, and has not been processed for them. */
export const namesCustomer = sql`event.stripe_customer_id = (select stripe_id from account)
  and (${isOfCustomer}) is not true`;

/** The beginning of all types of a family, with its dot; undefined for a single type. */
export function familyOf(type: string): string | undefined {
  return type.endsWith('.*') ? type.slice(0, -1) : undefined;
}

/** Conditions on `event`, but the customer's, which needs indices of its own. */
export function conditionsOf({ statuses, type, since, until }: EventFilter): readonly SQL[] {
  const conditions: SQL[] = [];
  if (statuses !== undefined) {
    const names = statuses.map((status) => sql`${status}`);
    conditions.push(sql`event.status in (${sql.join(names, sql`, `)})`);
  }
  if (type !== undefined) {
    const family = familyOf(type);
    conditions.push(
      family === undefined ? sql`event.event_type = ${type}` : sql`starts_with(event.event_type, ${family})`,
    );
  }
  if (since !== undefined) conditions.push(sql`event.received_at >= ${since}::timestamptz`);
  if (until !== undefined) conditions.push(sql`event.received_at < ${until}::timestamptz`);
  return conditions;
}

export function allOf(conditions: readonly SQL[]): SQL {
  return conditions.length === 0 ? sql`true` : sql.join([...conditions], sql` and `);
}
