import { and, eq, inArray, isNull, ne, or, sql } from 'drizzle-orm';
import type { User } from '../core/actor.ts';
import { uuid } from '../core/schema.ts';
import { build, instant } from '../db/index.ts';
import { creditPackages, prices, subscriptionPlans } from '../pricing/tables.ts';
import { checkouts } from './tables.ts';

export interface NewCheckout {
  readonly checkoutId: string;
  readonly user: User;
  readonly item: { readonly type: 'plan' | 'package'; readonly key: string };
  /** The Stripe Price that the customer was shown. */
  readonly quotedPriceId: string | undefined;
  readonly now: Date;
}

/**
 * In one statement: finds what the item is offered for now, and, when that is the quoted price and can be paid at
 * Stripe, brings the customer's row up to date and opens the checkout. No row: nothing of that key is on sale.
 * A checkout that is opened again (`checkout_offer_id`) still sells the offer that it was opened for.
 */
export function openCheckout({ checkoutId, user, item, quotedPriceId, now }: NewCheckout) {
  const moment = instant(now);
  const catalogue =
    item.type === 'plan'
      ? sql`subscription_plans as item on item.id = prices.plan_id and item.plan_key = ${item.key}`
      : sql`credit_packages as item on item.id = prices.package_id and item.package_key = ${item.key}`;
  return build.execute(sql`
    with offer as (
      select prices.* from prices join ${catalogue}
      where item.is_active and valid_from <= ${moment} and (valid_to is null or valid_to > ${moment})
    ), wanted as (
      select * from offer
      where stripe_price_id is not null
        and (${quotedPriceId ?? null}::text is null or stripe_price_id = ${quotedPriceId ?? null})
    ), customer as (
      insert into customers (issuer, subject, email)
      select ${user.issuer}, ${user.subject}, ${user.email ?? null} from wanted
      on conflict (issuer, subject) do update
      set email = coalesce(excluded.email, customers.email), updated_at = now()
      returning id, stripe_customer_id, email
    ), opened as (
      insert into checkouts (id, customer_id, offer_id, mode)
      select ${checkoutId}::uuid, customer.id, wanted.id, ${item.type === 'plan' ? 'subscription' : 'payment'}
      from customer, wanted
      on conflict (id) do nothing
      returning offer_id
    )
    select offer.id as offer_id, offer.stripe_price_id, offer.amount_minor::int, offer.currency,
      offer.credits::float8, offer.interval, customer.id as customer_id, customer.stripe_customer_id, customer.email,
      coalesce((select offer_id from opened), (select offer_id from checkouts where id = ${checkoutId}::uuid))
        as checkout_offer_id
    from offer left join customer on true`);
}

/** Where the checkout's pay page is. A webhook may have been faster: then this changes nothing. */
export function keepSession(checkoutId: string, session: { sessionId: string; expiresAt: Date }) {
  return build
    .update(checkouts)
    .set({ status: 'open', stripeSessionId: session.sessionId, expiresAt: session.expiresAt })
    .where(and(eq(checkouts.id, checkoutId), eq(checkouts.status, 'opening')));
}

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
