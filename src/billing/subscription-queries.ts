import { and, desc, eq, isNull, or, sql } from 'drizzle-orm';
import { uuid } from '../core/schema.ts';
import { build } from '../db/index.ts';
import { subscriptions } from './subscription-tables.ts';
import { checkouts } from './tables.ts';

/** What is kept of a subscription, beside what the database itself counts. */
export type SubscriptionState = Omit<
  typeof subscriptions.$inferSelect,
  'id' | 'version' | 'eventId' | 'syncedAt' | 'createdAt'
>;

/** A subscription as it was seen last. Read it before Stripe is asked: its version is what `applySubscription` wants. */
export function findSubscriptionView(stripeSubscriptionId: string) {
  return build
    .select({
      version: subscriptions.version,
      customerId: subscriptions.customerId,
      offerId: subscriptions.offerId,
      stripeItemId: subscriptions.stripeItemId,
    })
    .from(subscriptions)
    .where(eq(subscriptions.stripeSubscriptionId, stripeSubscriptionId));
}

/**
 * The checkout of ours that began a subscription: the one that knows it, else the one that it is named after at Stripe
 * and that has not come to know another.
 */
export function findFirstCheckout(stripeSubscriptionId: string, checkoutName: string | null) {
  const named = uuid.safeParse(checkoutName).data ?? null;
  return build
    .select({ id: checkouts.id, customerId: checkouts.customerId })
    .from(checkouts)
    .where(
      and(
        eq(checkouts.mode, 'subscription'),
        or(
          eq(checkouts.stripeSubscriptionId, stripeSubscriptionId),
          and(eq(checkouts.id, sql`${named}::uuid`), isNull(checkouts.stripeSubscriptionId)),
        ),
      ),
    )
    .orderBy(desc(eq(checkouts.stripeSubscriptionId, stripeSubscriptionId)))
    .limit(1);
}

export interface SeenSubscription {
  readonly state: SubscriptionState;
  /** Of our row before Stripe was asked; 0 where there was none. */
  readonly version: number;
  readonly eventId: string | null;
  readonly now: Date;
}

/**
 * Keeps a subscription as Stripe has it. Raises RC411 when somebody else has kept another state since our row was read.
 */
export function applySubscription({ state, version, eventId, now }: SeenSubscription) {
  const columns = {
    stripe_subscription_id: state.stripeSubscriptionId,
    customer_id: state.customerId,
    stripe_item_id: state.stripeItemId,
    offer_id: state.offerId,
    quantity: state.quantity,
    status: state.status,
    started_at: state.startedAt,
    current_period_start: state.currentPeriodStart,
    current_period_end: state.currentPeriodEnd,
    cancel_at_period_end: state.cancelAtPeriodEnd,
    cancel_at: state.cancelAt,
    canceled_at: state.canceledAt,
    ended_at: state.endedAt,
    trial_start: state.trialStart,
    trial_end: state.trialEnd,
    pause_behavior: state.pauseBehavior,
    pause_resumes_at: state.pauseResumesAt,
    stripe_schedule_id: state.stripeScheduleId,
    next_offer_id: state.nextOfferId,
    next_offer_at: state.nextOfferAt,
  };
  return build.execute(sql`
    select apply_subscription(${JSON.stringify(columns)}::jsonb, ${version}::int, ${eventId},
      ${now.toISOString()}::timestamptz)`);
}
