import type { z } from 'zod';
import type { AccountReference } from '../core/actor.ts';
import { DomainError } from '../core/errors.ts';
import { StripeRefusal } from '../stripe/index.ts';
import { changeSubscription, type ChangeDeps } from './change-subscription.ts';
import { checkProrationDate, decidePlanChange, type PlanChange } from './plan-change.ts';
import { priceChangeOf, shownChange } from './preview-plan-change.ts';
import type { Standing } from './standing.ts';
import type { ChangePlanInput, planChange } from './subscription-schemas.ts';

/**
 * Puts the account's subscription on another plan: an upgrade at once, for the prorated difference, anything else at
 * renewal. The present plan drops a change that is scheduled. Throws `plan_not_found`, `already_on_plan`,
 * `price_changed` with the present offer as `current`, `offer_not_synced`, `currency_mismatch`, `no_subscription`,
 * `subscription_ending`, `subscription_paused`, `payment_overdue`, `payment_failed` with the `decline_code`, after
 * which nothing has changed, `invalid_proration_date`, `preview_expired`, `change_in_progress`,
 * `subscription_changed`, `stripe_unavailable`.
 */
export async function changePlan(
  deps: ChangeDeps,
  account: AccountReference,
  wish: ChangePlanInput,
): Promise<{ readonly change: z.input<typeof planChange>; readonly subscription: Standing }> {
  const now = deps.clock.now();
  const from = wish.proration_date ? new Date(wish.proration_date) : undefined;
  const { result: change, after } = await changeSubscription(
    deps,
    account,
    wish.plan,
    async ({ standing, wanted, isRepeated }) => {
      const decided = decidePlanChange(standing, wanted, wish, isRepeated);
      if (decided.kind === 'now' && decided.isProrated && from) checkProrationDate(standing, from, now);
      await askStripe(deps, standing, decided, from);
      return decided;
    },
    isAsDecided,
  );
  return { change: shownChange(after, change, now), subscription: after };
}

async function askStripe(
  deps: ChangeDeps,
  standing: Standing,
  change: PlanChange,
  from: Date | undefined,
): Promise<void> {
  const { stripe, operationId } = deps;
  const { stripeSubscriptionId, stripeScheduleId, nextOfferId, quantity } = standing.state;
  if (change.kind === 'at_renewal') {
    if (nextOfferId === change.offer.id) return;
    await stripe.schedulePrice(operationId, {
      subscriptionId: stripeSubscriptionId,
      scheduleId: stripeScheduleId ?? undefined,
      stripePriceId: change.stripePriceId,
      quantity,
      interval: change.offer.interval === 'year' ? 'year' : 'month',
      startsAt: change.startsAt,
    });
    return;
  }
  if (change.kind === 'now')
    await pay(() => stripe.changePrice(operationId, priceChangeOf(standing, change, from)));
  // Only after the money is there: a declined card leaves what was scheduled as it is, too.
  if (stripeScheduleId !== null) await stripe.releaseSchedule(operationId, stripeScheduleId);
}

/** Turns Stripe's refusal to collect the difference into the customer's. */
async function pay(change: () => Promise<void>): Promise<void> {
  try {
    await change();
  } catch (error) {
    if (!(error instanceof StripeRefusal)) throw error;
    const isMethodMissing = error.code === 'resource_missing' && error.parameter === undefined;
    if (error.status !== 402 && !isMethodMissing) throw error;
    const code = isMethodMissing ? 'payment_method_missing' : (error.declineCode ?? error.code ?? null);
    throw new DomainError(
      'payment_required',
      'payment_failed',
      'The difference could not be charged, and nothing has changed: try another payment method.',
      { members: { decline_code: code } },
    );
  }
}

function isAsDecided(change: PlanChange, { state }: Standing): boolean {
  return change.kind === 'at_renewal'
    ? state.nextOfferId === change.offer.id
    : state.offerId === change.offer.id && state.nextOfferId === null;
}
