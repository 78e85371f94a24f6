import type { z } from 'zod';
import type { AccountReference } from '../core/actor.ts';
import { expectCustomer, findCustomer } from '../customers/index.ts';
import type { Deps } from '../deps.ts';
import type { InvoicePreview } from '../stripe/index.ts';
import { periodCredits, planLines, prorationCredits } from './invoice-credits.ts';
import { decidePlanChange, prorationInstant, type PlanChange, type PlanWish } from './plan-change.ts';
import { lookAtStanding, type Standing } from './standing.ts';
import { findPlanOnSale, findStanding, findStandingOffers } from './standing-queries.ts';
import type { changePreview } from './subscription-schemas.ts';

type PreviewDeps = Pick<Deps, 'db' | 'stripe' | 'clock'>;

/**
 * What a change of the account's plan would charge and grant, and when. Money is Stripe's own preview; credits come out of
 * its lines as the grant will. Refuses as `changePlan` does, and changes nothing.
 */
export async function previewPlanChange(
  deps: PreviewDeps,
  account: AccountReference,
  wish: PlanWish,
): Promise<z.input<typeof changePreview>> {
  const now = deps.clock.now();
  const [[row], offers, [wanted], [customer]] = await deps.db.batch([
    findStanding(account),
    findStandingOffers(account),
    findPlanOnSale(wish.plan, now),
    findCustomer(account),
  ]);
  expectCustomer(account, customer?.id);
  const known = wanted === undefined ? offers : [...offers, wanted];
  const standing = await lookAtStanding(deps, row, known);
  const change = decidePlanChange(standing, wanted, wish, false);
  const from = change.kind === 'now' && change.isProrated ? prorationInstant(standing, now) : undefined;
  const request = priceChangeOf(standing, change, from);
  const [charged, period] = await Promise.all([
    from && deps.stripe.previewPriceChange(request),
    deps.stripe.previewPeriod(request, {
      isTrial: standing.state.status === 'trialing',
      isScheduled: standing.state.stripeScheduleId !== null,
    }),
  ]);
  return {
    ...shownChange(standing, change, from ?? now),
    proration_date: from?.toISOString() ?? null,
    amount_due: charged?.amountDueMinor ?? 0,
    next_amount: period.totalMinor,
    credits_now: charged === undefined ? 0 : creditsOf(standing, charged),
  };
}

/** What a change asks of Stripe. */
export function priceChangeOf({ state }: Standing, change: PlanChange, prorationDate: Date | undefined) {
  return {
    subscriptionId: state.stripeSubscriptionId,
    itemId: state.stripeItemId,
    stripePriceId: change.stripePriceId,
    quantity: state.quantity,
    isProrated: change.kind === 'now' && change.isProrated,
    prorationDate,
  };
}

/** What both the preview and the change tell of it. */
export function shownChange({ state }: Standing, change: PlanChange, now: Date) {
  const isLater = change.kind === 'at_renewal';
  return {
    plan: change.offer.key,
    effective: isLater ? ('at_renewal' as const) : ('now' as const),
    effective_at: (isLater ? change.startsAt : now).toISOString(),
    price_id: change.stripePriceId,
    currency: change.offer.currency,
    credits_per_month: change.offer.credits * state.quantity,
  };
}

/** What the invoice of a change will grant once it is paid. */
function creditsOf(standing: Standing, invoice: InvoicePreview): number {
  const lines = planLines(invoice, standing.offers);
  const prorated = prorationCredits(lines, [standing.billingCycleAnchor]);
  return periodCredits(lines).reduce((sum, { credits }) => sum + credits, prorated?.credits ?? 0);
}
