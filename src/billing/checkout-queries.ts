import { and, eq, inArray, isNull, ne, or, sql } from 'drizzle-orm';
import { uuid } from '../core/schema.ts';
import { build } from '../db/index.ts';
import { creditPackages, prices, subscriptionPlans } from '../pricing/tables.ts';
import { checkouts } from './tables.ts';

/**
 * The checkout of a session. One whose request was cut off before it could keep the session's id is found by the id
 * that it gave to Stripe.
 */
export function findCheckout(sessionId: string, clientReferenceId: string | null) {
  const named = uuid.safeParse(clientReferenceId).data ?? null;
  return build
    .select({ id: checkouts.id, customerId: checkouts.customerId })
    .from(checkouts)
    .where(
      or(
        eq(checkouts.stripeSessionId, sessionId),
        and(eq(checkouts.id, sql`${named}::uuid`), isNull(checkouts.stripeSessionId)),
      ),
    )
    .limit(1);
}

/** The checkout that began a subscription. */
export function findSubscriptionCheckout(subscriptionId: string | null) {
  return build
    .select({ customerId: checkouts.customerId })
    .from(checkouts)
    .where(eq(checkouts.stripeSubscriptionId, sql`${subscriptionId}`))
    .limit(1);
}

export interface CompletedCheckout {
  readonly checkoutId: string;
  readonly sessionId: string;
  readonly subscriptionId: string | null;
  readonly completedAt: Date;
}

/** Marks a checkout as paid, whatever was known of it before. */
export function payCheckout({ checkoutId, sessionId, subscriptionId, completedAt }: CompletedCheckout) {
  return build
    .update(checkouts)
    .set({ status: 'paid', stripeSessionId: sessionId, stripeSubscriptionId: subscriptionId, completedAt })
    .where(and(eq(checkouts.id, checkoutId), ne(checkouts.status, 'paid')));
}

export type UnpaidStatus = 'processing' | 'failed' | 'expired';

/** Where a checkout may come from; what is later in time never goes back. */
const before = {
  processing: ['opening', 'open'],
  failed: ['opening', 'open', 'processing'],
  expired: ['opening', 'open'],
} as const satisfies Record<UnpaidStatus, readonly string[]>;

export function moveUnpaidCheckout(
  { checkoutId, sessionId, subscriptionId, completedAt }: CompletedCheckout,
  status: UnpaidStatus,
) {
  return build
    .update(checkouts)
    .set({
      status,
      stripeSessionId: sessionId,
      stripeSubscriptionId: subscriptionId,
      ...(status === 'processing' ? { completedAt } : {}),
    })
    .where(and(eq(checkouts.id, checkoutId), inArray(checkouts.status, [...before[status]])));
}

/** The offers of ours among some Prices of Stripe. */
export function findOffers(stripePriceIds: readonly string[]) {
  return selectOffers().where(inArray(prices.stripePriceId, [...stripePriceIds]));
}

export type Offer = Awaited<ReturnType<typeof findOffers>>[number];

/** Every offer, with what is needed of its item. */
export function selectOffers() {
  return build
    .select({
      id: prices.id,
      key: sql<string>`coalesce(${subscriptionPlans.planKey}, ${creditPackages.packageKey})`,
      stripePriceId: prices.stripePriceId,
      currency: prices.currency,
      amountMinor: prices.amountMinor,
      credits: prices.credits,
      interval: prices.interval,
      trialCredits: sql<number>`coalesce(${subscriptionPlans.trialCredits}, 0)`.mapWith(Number),
      type: sql<'plan' | 'package'>`case when ${prices.planId} is null then 'package' else 'plan' end`,
      name: sql<string>`coalesce(${subscriptionPlans.name}, ${creditPackages.name})`,
    })
    .from(prices)
    .leftJoin(subscriptionPlans, eq(subscriptionPlans.id, prices.planId))
    .leftJoin(creditPackages, eq(creditPackages.id, prices.packageId));
}
