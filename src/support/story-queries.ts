import { sql, type SQL } from 'drizzle-orm';
import type { AccountReference } from '../core/actor.ts';
import { customerIdOf } from '../customers/index.ts';
import { build } from '../db/index.ts';

/** The rows of a select, in its order, as JSON. */
function list(select: SQL): SQL {
  return sql`(select coalesce(jsonb_agg(to_jsonb(part)), '[]') from (${select}) as part)`;
}

/** The only row of a select as JSON, or null. */
function only(select: SQL): SQL {
  return sql`(select to_jsonb(part) from (${select}) as part)`;
}

/** Joins to what was sold; `item` is its key, `name` its name. */
function soldAs(offerId: SQL): SQL {
  return sql`
    left join prices as offer on offer.id = ${offerId}
    left join subscription_plans as plan on plan.id = offer.plan_id
    left join credit_packages as package on package.id = offer.package_id`;
}

const sold = sql`coalesce(plan.plan_key, package.package_key) as item, offer.stripe_price_id as price_id`;

const identity = sql`
  select id, issuer, subject, email, name, stripe_customer_id, created_at, updated_at
  from customers where id = customer.id`;

const credits = sql`
  select balance, greatest(0, balance - held) as available, held, debt, used as total_used,
    purchased as total_purchased, allocation as monthly_allocation, last_reset_at as last_reset, low_since, updated_at
  from credit_accounts where customer_id = customer.id`;

const lots = sql`
  select lot.id, lot.kind, lot.source, lot.source_ref, ${sold}, lot.payment_id, lot.stripe_subscription_id,
    lot.granted, lot.remaining, lot.held, lot.expired, lot.reversed, lot.period_end, lot.expires_at, lot.renews,
    lot.created_at
  from credit_lots as lot ${soldAs(sql`lot.offer_id`)}
  where lot.customer_id = customer.id order by lot.created_at desc, lot.id limit 100`;

const transactions = sql`
  select id, transaction_type, amount, debt_change, balance_after, operation_type, operation_details, quantity,
    description, reason, source_ref, event_id, actor, created_at
  from credit_transactions where customer_id = customer.id order by sequence desc limit 50`;

const holds = sql`
  select id, amount, status, captured, operation_type, operation_details, description, expires_at, created_at,
    settled_at
  from credit_holds where customer_id = customer.id order by created_at desc, id limit 50`;

const changes = sql`
  select changes, event_id, changed_at from subscription_changes as change
  where change.customer_id = customer.id and change.subscription_id = subscription.id
  order by change.id desc limit 50`;

const subscriptions = sql`
  select subscription.id, subscription.stripe_subscription_id, ${sold}, subscription.quantity, subscription.status,
    subscription.started_at, subscription.current_period_start, subscription.current_period_end,
    subscription.cancel_at_period_end, subscription.cancel_at, subscription.canceled_at, subscription.ended_at,
    subscription.trial_start, subscription.trial_end, subscription.pause_behavior, subscription.pause_resumes_at,
    next_plan.plan_key as next_item, subscription.next_offer_at as next_item_at, subscription.synced_at,
    subscription.created_at, ${list(changes)} as changes
  from subscriptions as subscription ${soldAs(sql`subscription.offer_id`)}
  left join prices as next_offer on next_offer.id = subscription.next_offer_id
  left join subscription_plans as next_plan on next_plan.id = next_offer.plan_id
  where subscription.customer_id = customer.id
  order by subscription.started_at desc, subscription.created_at desc, subscription.id limit 50`;

const payments = sql`
  select payment.id, ${sold}, payment.stripe_payment_intent_id, payment.stripe_invoice_id,
    payment.stripe_subscription_id, payment.currency, payment.amount_minor as amount,
    payment.refunded_minor as refunded, payment.disputed_minor as disputed, payment.dispute_status,
    payment.period_start, payment.period_end, payment.paid_at
  from payments as payment ${soldAs(sql`payment.offer_id`)}
  where payment.customer_id = customer.id
  order by payment.paid_at desc, payment.created_at desc, payment.id limit 100`;

const checkouts = sql`
  select checkout.id, checkout.mode, checkout.status, ${sold}, checkout.stripe_session_id,
    checkout.stripe_subscription_id, checkout.expires_at, checkout.completed_at, checkout.created_at
  from checkouts as checkout ${soldAs(sql`checkout.offer_id`)}
  where checkout.customer_id = customer.id order by checkout.created_at desc, checkout.id limit 50`;

const autoTopUp = sql`
  select is_enabled as enabled, threshold, package.package_key as package, monthly_cap_minor as monthly_cap, declines,
    stopped_at, stopped_reason, next_attempt_at, top_up.updated_at
  from auto_top_ups as top_up join credit_packages as package on package.id = top_up.package_id
  where top_up.customer_id = customer.id`;

const topUps = sql`
  select top_up.id, top_up.status, ${sold}, top_up.currency, top_up.amount_minor as amount,
    top_up.stripe_payment_intent_id, top_up.failure_code, top_up.created_at, top_up.settled_at
  from top_ups as top_up ${soldAs(sql`top_up.offer_id`)}
  where top_up.customer_id = customer.id order by top_up.created_at desc, top_up.id limit 50`;

const notices = sql`
  select id, notice_type as type, data, created_at
  from customer_notices where customer_id = customer.id order by created_at desc, id limit 50`;

/** Events are the customer's once they are processed; before that, those are that name it as Stripe's customer. */
function webhookEvents(): SQL {
  const newest = (condition: SQL) => sql`
    select event_id, event_type, status, ignored_reason, attempts, last_error, stripe_created, received_at,
      processed_at, case when status in ('pending', 'failed') then next_attempt_at end as next_attempt_at
    from webhook_events where ${condition} order by received_at desc limit 50`;
  return sql`
    select * from (
      (${newest(sql`customer_id = customer.id`)})
      union all
      (${newest(sql`customer_id is null and stripe_customer_id = (
        select stripe_customer_id from customers where id = customer.id)`)})
    ) as event
    order by received_at desc, event_id limit 50`;
}

/**
 * Everything that is known of a customer, as JSON and of one instant, in one statement. Row: `customer_id`, null where
 * there is no such customer, and `story` (`storedStory`).
 */
export function findStory(account: AccountReference) {
  return build.execute<{ customer_id: string | null; story: unknown }>(sql`
    with customer as materialized (select ${customerIdOf(account)} as id)
    select customer.id as customer_id, jsonb_build_object(
      'customer', ${only(identity)}, 'credits', ${only(credits)}, 'lots', ${list(lots)},
      'subscriptions', ${list(subscriptions)}, 'payments', ${list(payments)}, 'checkouts', ${list(checkouts)},
      'auto_top_up', ${only(autoTopUp)}, 'top_ups', ${list(topUps)}, 'transactions', ${list(transactions)},
      'holds', ${list(holds)}, 'notices', ${list(notices)}, 'webhook_events', ${list(webhookEvents())}
    ) as story
    from customer`);
}
