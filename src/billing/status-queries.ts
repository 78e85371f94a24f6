import { and, desc, eq, exists, gt, inArray, lt, notExists, sql, type SQL } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import type { AccountReference } from '../core/actor.ts';
import { isAccount } from '../customers/index.ts';
import { customers } from '../customers/tables.ts';
import { build, instant } from '../db/index.ts';
import { prices, subscriptionPlans } from '../pricing/tables.ts';
import { subscriptionChanges, subscriptions } from './subscription-tables.ts';
import { checkouts, payments } from './tables.ts';

/** Stripe's statuses of a subscription that gives what its plan promises: `past_due` while payment is tried again. */
const serving = sql.raw(`('trialing', 'active', 'past_due')`);
/** Stripe's statuses of a subscription that is over for good. */
const over = sql.raw(`('canceled', 'incomplete_expired')`);

/** Until when a subscription is paid for; a trial is, at no charge. What went back paid for nothing. */
function paidUntil(subscription: SQL): SQL {
  return sql`(
    select max(period_end) from payments
    where payments.stripe_subscription_id = ${subscription}
      and (amount_minor = 0 or refunded_minor + disputed_minor < amount_minor))`;
}

/** Of what may be null, which the driver's decoders keep from their types. */
const toInstant = (value: string): Date | null => new Date(value);

/**
 * The plan that a user has at `now`: that of a subscription that goes on, else of the newest payment whose period is
 * not over. No row when there is none.
 */
export function findActivePlan(account: AccountReference, now: Date) {
  return build
    .select({
      key: subscriptionPlans.planKey,
      name: subscriptionPlans.name,
      startedAt: sql`held.started_at`.mapWith(payments.paidAt),
      endsAt: sql`held.ends_at`.mapWith(toInstant),
    })
    .from(customers)
    .innerJoin(
      sql`lateral (
        select 1 as rank, subscription.started_at as newest, subscription.started_at, plan_id,
          coalesce(${paidUntil(sql`subscription.stripe_subscription_id`)}, trial_end) as ends_at
        from subscriptions as subscription
        join prices as price on price.id = offer_id
        where subscription.customer_id = ${customers.id} and subscription.status in ${serving}
        union all
        select 2, payment.paid_at, (
            select min(paid_at) from payments as first
            where first.customer_id = payment.customer_id and first.period_end is not null
              and first.stripe_subscription_id is not distinct from payment.stripe_subscription_id
          ), plan_id, payment.period_end
        from payments as payment join prices as price on price.id = offer_id
        where payment.customer_id = ${customers.id} and payment.period_end > ${instant(now)}
          and (payment.amount_minor = 0 or refunded_minor + disputed_minor < payment.amount_minor)
      ) as held`,
      sql`true`,
    )
    .innerJoin(subscriptionPlans, eq(subscriptionPlans.id, sql`held.plan_id`))
    .where(isAccount(account))
    .orderBy(sql`held.rank, case held.rank when 1 then held.newest end, held.newest desc`)
    .limit(1);
}

const nextOffers = alias(prices, 'next_offers');
const nextPlans = alias(subscriptionPlans, 'next_plans');

/**
 * Which of a customer's subscriptions all is about comes first: one that goes on (of two the first, because the second
 * is canceled), else one that may go on, else the newest.
 */
export function foremost(): readonly SQL[] {
  const serves = sql`${subscriptions.status} in ${serving}`;
  return [
    desc(serves),
    sql`${subscriptions.status} in ${over}`,
    sql`case when ${serves} then ${subscriptions.startedAt} end`,
    desc(subscriptions.startedAt),
  ];
}

/** The subscription that an account's status is about. */
export function findStatusSubscription(account: AccountReference) {
  return build
    .select({
      stripeSubscriptionId: subscriptions.stripeSubscriptionId,
      status: subscriptions.status,
      isOver: sql<boolean>`${subscriptions.status} in ${over}`,
      quantity: subscriptions.quantity,
      stripePriceId: prices.stripePriceId,
      amountMinor: prices.amountMinor,
      currency: prices.currency,
      interval: prices.interval,
      startedAt: subscriptions.startedAt,
      paidUntil: sql`${paidUntil(sql`${subscriptions.stripeSubscriptionId}`)}`.mapWith(toInstant),
      currentPeriodStart: subscriptions.currentPeriodStart,
      currentPeriodEnd: subscriptions.currentPeriodEnd,
      cancelAtPeriodEnd: subscriptions.cancelAtPeriodEnd,
      cancelAt: subscriptions.cancelAt,
      canceledAt: subscriptions.canceledAt,
      endedAt: subscriptions.endedAt,
      trialStart: subscriptions.trialStart,
      trialEnd: subscriptions.trialEnd,
      pauseBehavior: subscriptions.pauseBehavior,
      pauseResumesAt: subscriptions.pauseResumesAt,
      nextPlan: nextPlans.planKey,
      nextPlanName: nextPlans.name,
      nextPriceId: nextOffers.stripePriceId,
      nextAmountMinor: nextOffers.amountMinor,
      nextAt: subscriptions.nextOfferAt,
    })
    .from(subscriptions)
    .innerJoin(customers, eq(customers.id, subscriptions.customerId))
    .innerJoin(prices, eq(prices.id, subscriptions.offerId))
    .leftJoin(nextOffers, eq(nextOffers.id, subscriptions.nextOfferId))
    .leftJoin(nextPlans, eq(nextPlans.id, nextOffers.planId))
    .where(isAccount(account))
    .orderBy(...foremost())
    .limit(1);
}

/** Whether money ever arrived, and whether a completed checkout's subscription is not known yet. */
export function summarisePayments(account: AccountReference) {
  const money = build
    .select({ id: payments.id })
    .from(payments)
    .where(and(eq(payments.customerId, customers.id), gt(payments.amountMinor, 0)));
  const invoice = build
    .select({ id: payments.id })
    .from(payments)
    .where(eq(payments.stripeSubscriptionId, checkouts.stripeSubscriptionId));
  const known = build
    .select({ id: subscriptions.id })
    .from(subscriptions)
    .where(eq(subscriptions.stripeSubscriptionId, checkouts.stripeSubscriptionId));
  const waiting = build
    .select({ id: checkouts.id })
    .from(checkouts)
    .where(
      and(
        eq(checkouts.customerId, customers.id),
        eq(checkouts.mode, 'subscription'),
        inArray(checkouts.status, ['processing', 'paid']),
        notExists(invoice),
        notExists(known),
      ),
    );
  return build
    .select({ hasPaid: sql<boolean>`${exists(money)}`, isPending: sql<boolean>`${exists(waiting)}` })
    .from(customers)
    .where(isAccount(account));
}

/** What is of no use to anybody outside. */
const internal = sql.raw(`array['stripe_subscription_id', 'stripe_item_id', 'stripe_schedule_id']`);

/**
 * What became of an account's subscriptions before `before` (an id), newest first; `offers`: those that the changes name,
 * by their ids.
 */
export function listSubscriptionChanges(
  account: AccountReference,
  before: number | undefined,
  limit: number,
) {
  return build
    .select({
      id: subscriptionChanges.id,
      stripeSubscriptionId: subscriptions.stripeSubscriptionId,
      changes: sql<unknown>`${subscriptionChanges.changes} - ${internal}`,
      offers: sql<unknown>`(
        select coalesce(jsonb_object_agg(offer.id, jsonb_build_object('plan', plan.plan_key,
          'price_id', offer.stripe_price_id, 'amount', offer.amount_minor)), '{}')
        from prices as offer join subscription_plans as plan on plan.id = offer.plan_id
        where offer.id::text in (
          select jsonb_array_elements_text(${subscriptionChanges.changes} -> name)
          from unnest(array['offer_id', 'next_offer_id']) as name))`,
      eventId: subscriptionChanges.eventId,
      changedAt: subscriptionChanges.changedAt,
    })
    .from(subscriptionChanges)
    .innerJoin(customers, eq(customers.id, subscriptionChanges.customerId))
    .innerJoin(subscriptions, eq(subscriptions.id, subscriptionChanges.subscriptionId))
    .where(
      and(
        isAccount(account),
        before === undefined ? undefined : lt(subscriptionChanges.id, before),
        sql`${subscriptionChanges.changes} - ${internal} <> '{}'`,
      ),
    )
    .orderBy(desc(subscriptionChanges.id))
    .limit(limit);
}
