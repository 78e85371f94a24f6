import { findCustomerAtStripe, keepStripeCustomer } from '../customers/index.ts';
import { findOffers, findSubscriptionCheckout } from './checkout-queries.ts';
import { periodCredits, planLines, prorationCredits } from './invoice-credits.ts';
import { anchorsOf } from './cycle-anchors.ts';
import { invoiceEffects } from './invoice-effects.ts';
import { findPeriodStarts } from './plan-month-queries.ts';
import { SettlementError, type Fact, type Settlement, type SettlementDeps } from './settlement.ts';

/**
 * Grants what a paid invoice bills of our plans, by its lines and their own periods, each line once: months, years
 * (whose further months are scheduled), trials, and what a change of plan comes to. Why the invoice was made does not
 * matter, and neither does how it was paid: by money, by the customer's balance at Stripe, or not at all, because a
 * discount took everything.
 */
export async function settleInvoice(deps: SettlementDeps, fact: Fact): Promise<Settlement> {
  const invoice = await deps.stripe.findInvoice(fact.objectId);
  if (invoice === undefined) return { kind: 'ignored', reason: 'not_ours' };
  const [customers, checkouts, offers, starts] = await deps.db.batch([
    findCustomerAtStripe(invoice.stripeCustomerId),
    findSubscriptionCheckout(invoice.subscriptionId),
    findOffers(invoice.lines.flatMap(({ stripePriceId }) => stripePriceId ?? [])),
    findPeriodStarts(invoice.subscriptionId),
  ]);
  const lines = planLines(invoice, offers);
  if (lines.length === 0) return { kind: 'ignored', reason: 'not_ours' };
  if (invoice.status !== 'paid') return { kind: 'ignored', reason: 'nothing_paid' };
  const customerId = customers[0]?.id ?? checkouts[0]?.customerId;
  if (customerId === undefined) throw new SettlementError('customer_unknown');
  const periods = periodCredits(lines).filter(({ kind, credits }) => kind === 'period' || credits > 0);
  const change = prorationCredits(lines, await anchorsOf(deps, lines, starts));
  if (periods.length === 0 && change === undefined) return { kind: 'ignored', reason: 'trial' };
  const cause = { customerId, invoice, eventId: fact.eventId, now: deps.clock.now() };
  return {
    kind: 'effects',
    customerId,
    statements: [
      ...(invoice.stripeCustomerId === null
        ? []
        : [keepStripeCustomer(customerId, invoice.stripeCustomerId)]),
      ...invoiceEffects(cause, periods, change),
    ],
  };
}
