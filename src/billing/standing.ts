import type { z } from 'zod';
import { conflict } from '../core/errors.ts';
import type { Deps } from '../deps.ts';
import type { Subscription } from '../stripe/index.ts';
import { findOffers, type Offer } from './checkout-queries.ts';
import type { findStanding } from './standing-queries.ts';
import type { subscriptionSummary } from './subscription-schemas.ts';
import type { SubscriptionState } from './subscription-queries.ts';
import { pricesOf, soldState } from './sync-subscription.ts';

/** Our row of a subscription, as it was before Stripe was asked. */
export type StandingRow = Awaited<ReturnType<typeof findStanding>>[number];

/** A subscription as Stripe has it now: our row may lag behind. */
export interface Standing {
  readonly row: StandingRow;
  readonly state: SubscriptionState;
  readonly offers: readonly Offer[];
  readonly billingCycleAnchor: Date;
}

type StandingDeps = Pick<Deps, 'db' | 'stripe'>;

/** Statuses of subscriptions that are over, or that never began because nobody paid. */
const over: ReadonlySet<string> = new Set(['canceled', 'incomplete_expired', 'incomplete']);

/** Looks at the subscription of a row. Throws `no_subscription` when there is none. */
export async function lookAtStanding(
  deps: StandingDeps,
  row: StandingRow | undefined,
  offers: readonly Offer[],
): Promise<Standing> {
  if (row === undefined) throw noSubscription();
  const seen = await deps.stripe.findSubscription(row.stripeSubscriptionId);
  if (seen === undefined) throw noSubscription();
  const known = await withOffersOf(deps, seen, offers);
  const state = soldState(seen, known, row);
  if (state === undefined) throw noSubscription();
  return {
    row,
    state: { ...state, customerId: row.customerId },
    offers: known,
    billingCycleAnchor: seen.billingCycleAnchor,
  };
}

export function isOver({ state }: Standing): boolean {
  return over.has(state.status);
}

export function noSubscription() {
  return conflict('no_subscription', 'This customer has no subscription: begin with a checkout.');
}

/** Somebody may have moved it to prices that nobody has told us of yet. */
async function withOffersOf(
  { db }: StandingDeps,
  seen: Subscription,
  offers: readonly Offer[],
): Promise<readonly Offer[]> {
  const unknown = pricesOf(seen).filter((id) => !offers.some(({ stripePriceId }) => stripePriceId === id));
  return unknown.length === 0 ? offers : [...offers, ...(await db.run(findOffers(unknown)))];
}

/** What it is billed by. */
export function presentOffer({ state, offers }: Standing): Offer {
  const present = offers.find(({ id }) => id === state.offerId);
  if (present === undefined) throw new Error('a subscription is for an offer that nobody knows');
  return present;
}

/** What an answer says of it. */
export function summarise(standing: Standing): z.input<typeof subscriptionSummary> {
  const { state, offers } = standing;
  const present = presentOffer(standing);
  const next = offers.find(({ id }) => id === state.nextOfferId);
  return {
    plan: present.key,
    plan_name: present.name,
    status: state.status,
    current_period_end: state.currentPeriodEnd.toISOString(),
    cancel_at_period_end: state.cancelAtPeriodEnd,
    ends_at: (state.endedAt ?? state.cancelAt)?.toISOString() ?? null,
    next_plan: next?.key ?? null,
    next_plan_at: state.nextOfferAt?.toISOString() ?? null,
  };
}
