import { sql, type SQL } from 'drizzle-orm';
import type { AccountReference } from '../core/actor.ts';
import { customerIdOf } from '../customers/index.ts';
import { build, instant } from '../db/index.ts';

/** Open lots in the order in which they are spent, with what was sold. */
const openLots = sql`(
  select coalesce(jsonb_agg(jsonb_build_object(
    'id', lot.id, 'kind', lot.kind, 'source', lot.source, 'name', coalesce(plan.name, package.name),
    'granted', lot.granted, 'remaining', lot.remaining, 'expires_at', lot.expires_at, 'renews', lot.renews,
    'created_at', lot.created_at, 'stripe_subscription_id', lot.stripe_subscription_id
  ) order by lot.expires_at nulls last, lot.kind, lot.created_at, lot.id), '[]')
  from credit_lots as lot
  left join prices as offer on offer.id = lot.offer_id
  left join subscription_plans as plan on plan.id = offer.plan_id
  left join credit_packages as package on package.id = offer.package_id
  where lot.customer_id = customer.id and lot.is_open)`;

/** Holds that nobody has ended, with the lots that they have reserved. */
const activeHolds = sql`(
  select coalesce(jsonb_agg(to_jsonb(hold) || jsonb_build_object('lots', (
    select coalesce(jsonb_agg(jsonb_build_object('lot_id', part.lot_id, 'amount', part.amount)), '[]')
    from credit_hold_lots as part where part.hold_id = hold.id
  )) order by hold.created_at, hold.id), '[]')
  from credit_holds as hold
  where hold.customer_id = customer.id and hold.status = 'active')`;

/**
 * What each subscription grants next: a month of a year that was paid for, or the first month of its next period, by
 * the plan that it then has. One that ends, is paused, or waits for its money grants nothing that has a date. Of a month
 * whose money has gone back, only what is not taken back at once comes.
 */
const nextGrants = sql`(
  select coalesce(jsonb_agg(to_jsonb(soonest)), '[]') from (
    select distinct on (stripe_subscription_id) * from (
      select schedule.stripe_subscription_id, schedule.next_grant_at as at, kept.credits, plan.rollover_cap
      from grant_schedules as schedule
      cross join lateral plan_month(schedule, schedule.next_grant_at) as month
      cross join lateral (
        select sum(part.credits - credits_gone_back(part.credits, payment))::bigint as credits
        from plan_month_parts(schedule, schedule.next_grant_at, month.credits) as part
        left join payments as payment on payment.id = part.payment_id
      ) as kept
      join prices as offer on offer.id = month.offer_id
      join subscription_plans as plan on plan.id = offer.plan_id
      where schedule.customer_id = customer.id and schedule.next_grant_at is not null
      union all
      select subscription.stripe_subscription_id, subscription.current_period_end,
        offer.credits * subscription.quantity, plan.rollover_cap
      from subscriptions as subscription
      join prices as offer on offer.id = case
        when subscription.next_offer_at <= subscription.current_period_end then subscription.next_offer_id
        else subscription.offer_id end
      join subscription_plans as plan on plan.id = offer.plan_id
      where subscription.customer_id = customer.id and subscription.status in ('active', 'trialing')
        and not subscription.cancel_at_period_end
        and (subscription.cancel_at is null or subscription.cancel_at > subscription.current_period_end)
        and (subscription.pause_behavior is null
          or subscription.pause_resumes_at <= subscription.current_period_end)
    ) as upcoming
    where credits > 0
    order by stripe_subscription_id, at
  ) as soonest)`;

/** Whether the customer has a plan: a subscription that goes on, or a period that is paid for. */
function hasPlan(now: Date): SQL {
  return sql`(
    exists (select from subscriptions where customer_id = customer.id
      and status in ('trialing', 'active', 'past_due'))
    or exists (select from payments where customer_id = customer.id and period_end > ${instant(now)}
      and (amount_minor = 0 or refunded_minor + disputed_minor < amount_minor)))`;
}

/**
 * Everything that a balance is made of, as JSON and of one instant, in one statement. Row: `customer_id`, null where
 * there is no such customer, and `state` (`balanceState`).
 */
export function findBalanceState(account: AccountReference, now: Date) {
  return build.execute<{ customer_id: string | null; state: unknown }>(sql`
    with customer as materialized (select ${customerIdOf(account)} as id)
    select customer.id as customer_id, jsonb_build_object(
      'account', (select to_jsonb(account) from credit_accounts as account where account.customer_id = customer.id),
      'lots', ${openLots}, 'holds', ${activeHolds}, 'next_grants', ${nextGrants}, 'has_plan', ${hasPlan(now)}
    ) as state
    from customer`);
}
