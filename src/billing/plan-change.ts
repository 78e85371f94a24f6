import { conflict, invalid, notFound } from '../core/errors.ts';
import { addSeconds } from '../core/time.ts';
import type { Offer } from './checkout-queries.ts';
import { priceChanged, priceToSellBy } from './offer-on-sale.ts';
import { isOver, noSubscription, presentOffer, type Standing } from './standing.ts';

/** What a customer's wish for a plan comes to. */
export type PlanChange =
  /** The present plan stays, and what was to take its place does not. */
  | { readonly kind: 'keep'; readonly offer: Offer; readonly stripePriceId: string }
  /** Prorated, unless it is a trial's, in which nothing is paid for. */
  | {
      readonly kind: 'now';
      readonly offer: Offer;
      readonly stripePriceId: string;
      readonly isProrated: boolean;
    }
  | {
      readonly kind: 'at_renewal';
      readonly offer: Offer;
      readonly stripePriceId: string;
      readonly startsAt: Date;
    };

export interface PlanWish {
  readonly plan: string;
  /** The Stripe Price that the customer was shown. */
  readonly price_id?: string | undefined;
}

/**
 * Decides when a change takes effect. At once, for the difference in money and credits: more credits a month that are
 * not billed for a shorter interval, or as many for a longer one; and everything in a trial, for nothing. At renewal:
 * everything else. `isRepeated`: the subscription may be on the plan because this very request put it there.
 */
export function decidePlanChange(
  standing: Standing,
  wanted: Offer | undefined,
  wish: PlanWish,
  isRepeated: boolean,
): PlanChange {
  const { state } = standing;
  if (isOver(standing)) throw noSubscription();
  const present = presentOffer(standing);
  if (present.key === wish.plan) return keepPlan(standing, present, wish, isRepeated);
  if (wanted === undefined) throw notFound('plan_not_found', 'There is no such plan on sale.');
  refuseUnsteady(standing);
  const stripePriceId = priceToSellBy(wanted.stripePriceId);
  if (wish.price_id !== undefined && wish.price_id !== stripePriceId) throw priceChanged(wanted);
  if (wanted.currency !== present.currency) {
    throw conflict('currency_mismatch', `This subscription is billed in ${present.currency}.`);
  }
  if (state.status === 'trialing') return { kind: 'now', offer: wanted, stripePriceId, isProrated: false };
  return isUpgrade(present, wanted)
    ? { kind: 'now', offer: wanted, stripePriceId, isProrated: true }
    : { kind: 'at_renewal', offer: wanted, stripePriceId, startsAt: state.currentPeriodEnd };
}

/** Who stays keeps the price that was agreed on, whatever the plan costs others now. */
function keepPlan(standing: Standing, present: Offer, wish: PlanWish, isRepeated: boolean): PlanChange {
  const stripePriceId = priceToSellBy(present.stripePriceId);
  if (wish.price_id !== undefined && wish.price_id !== stripePriceId) throw priceChanged(present);
  if (standing.state.nextOfferId === null && !isRepeated) {
    throw conflict('already_on_plan', 'The subscription is on this plan already.');
  }
  return { kind: 'keep', offer: present, stripePriceId };
}

/** What is to end, or is not paid, cannot become something else. */
function refuseUnsteady({ state }: Standing): void {
  const { status, pauseBehavior, cancelAtPeriodEnd, cancelAt } = state;
  if (status === 'paused' || pauseBehavior !== null) {
    throw conflict('subscription_paused', 'The subscription is paused: its plan cannot change meanwhile.');
  }
  if (cancelAtPeriodEnd || cancelAt !== null) {
    throw conflict('subscription_ending', 'The subscription is going to end: resume it first.');
  }
  if (status !== 'active' && status !== 'trialing') {
    throw conflict('payment_overdue', 'The last invoice is not paid: pay it first, in the billing portal.');
  }
}

function isUpgrade(present: Offer, wanted: Offer): boolean {
  const longer = monthsOf(wanted) - monthsOf(present);
  if (wanted.credits === present.credits) return longer > 0;
  return wanted.credits > present.credits && longer >= 0;
}

function monthsOf({ interval }: Offer): number {
  return interval === 'year' ? 12 : 1;
}

/** How long the amounts of a preview hold. */
const previewSeconds = 3600;
/** How much the clocks of two servers may differ. */
const skewSeconds = 60;

/** The instant from which a change that is made now prorates: within the present period, to the second. */
export function prorationInstant({ state }: Standing, now: Date): Date {
  const latest = addSeconds(state.currentPeriodEnd, -1);
  const within = new Date(
    Math.min(Math.max(now.getTime(), state.currentPeriodStart.getTime()), latest.getTime()),
  );
  return new Date(Math.floor(within.getTime() / 1000) * 1000);
}

/** Refuses an instant that no preview gave out just now: who chooses it freely chooses what to pay. */
export function checkProrationDate(standing: Standing, date: Date, now: Date): void {
  const present = prorationInstant(standing, now);
  if (date > addSeconds(present, skewSeconds)) {
    throw invalid('invalid_proration_date', 'The proration date lies in the future.', [
      { pointer: '/proration_date', code: 'invalid_proration_date', detail: 'send that of a preview' },
    ]);
  }
  if (date < addSeconds(present, -previewSeconds) || date < standing.state.currentPeriodStart) {
    throw conflict('preview_expired', 'The preview is too old: make a new one.');
  }
}
