import { actorLabel } from '../core/actor.ts';
import { grantCredits } from '../credits/index.ts';
import { findCustomerAtStripe, keepStripeCustomer } from '../customers/index.ts';
import type { Statement } from '../db/index.ts';
import type { Invoice } from '../stripe/index.ts';
import { findOffers, findSubscriptionCheckout } from './checkout-queries.ts';
import { recordPayment } from './payment-queries.ts';
import { SettlementError, type Fact, type Settlement, type SettlementDeps } from './settlement.ts';

/** An invoice for a whole period of a subscription: the first one, and each renewal. */
const periodic: readonly (string | null)[] = ['subscription_create', 'subscription_cycle'];

type Offer = Awaited<ReturnType<typeof findOffers>>[number];
type Line = Invoice['lines'][number];

/**
 * Grants the credits of each plan that a paid invoice bills for a whole period, once for each of its lines. A line
 * that bills nothing for a plan that costs something is a trial's, and grants nothing; a discount does not matter,
 * because a line's amount is the one before discounts.
 */
export async function settleInvoice(deps: SettlementDeps, fact: Fact): Promise<Settlement> {
  const invoice = await deps.stripe.findInvoice(fact.objectId);
  if (invoice === undefined) return { kind: 'ignored', reason: 'not_ours' };
  const [customers, checkouts, offers] = await deps.db.batch([
    findCustomerAtStripe(invoice.stripeCustomerId),
    findSubscriptionCheckout(invoice.subscriptionId),
    findOffers(invoice.lines.flatMap(({ stripePriceId }) => stripePriceId ?? [])),
  ]);
  const sold = invoice.lines.flatMap((line) => soldPlan(line, offers));
  if (sold.length === 0) return { kind: 'ignored', reason: 'not_ours' };
  if (invoice.status !== 'paid') return { kind: 'ignored', reason: 'nothing_paid' };
  const customerId = customers[0]?.id ?? checkouts[0]?.customerId;
  if (customerId === undefined) throw new SettlementError('customer_unknown');
  if (!periodic.includes(invoice.billingReason)) return { kind: 'ignored', reason: 'not_a_period' };
  const billed = sold.filter(
    ({ line, offer }) => !line.isProration && (line.amountMinor > 0 || offer.amountMinor === 0),
  );
  if (billed.length === 0) return { kind: 'ignored', reason: 'trial' };
  return {
    kind: 'effects',
    customerId,
    statements: [
      ...(invoice.stripeCustomerId === null
        ? []
        : [keepStripeCustomer(customerId, invoice.stripeCustomerId)]),
      ...billed.flatMap(({ line, offer }) => period(deps, fact, invoice, customerId, line, offer)),
    ],
  };
}

function soldPlan(line: Line, offers: readonly Offer[]): readonly { line: Line; offer: Offer }[] {
  const offer = offers.find(
    ({ type, stripePriceId }) => type === 'plan' && stripePriceId === line.stripePriceId,
  );
  return offer === undefined ? [] : [{ line, offer }];
}

/** The money and the credits of one plan for one period. */
function period(
  { clock }: SettlementDeps,
  fact: Fact,
  invoice: Invoice,
  customerId: string,
  line: Line,
  offer: Offer,
): readonly Statement[] {
  const payment = recordPayment({
    customerId,
    offerId: offer.id,
    stripePaymentIntentId: invoice.paymentIntentId,
    stripeInvoiceId: invoice.id,
    stripeSubscriptionId: invoice.subscriptionId,
    currency: invoice.currency,
    amountMinor: invoice.amountPaidMinor,
    periodStart: line.periodStart,
    periodEnd: line.periodEnd,
    paidAt: invoice.paidAt,
  });
  const grant = grantCredits({
    customerId,
    kind: 'plan',
    source: 'invoice_line',
    sourceRef: line.id,
    transactionType: 'subscription_grant',
    credits: offer.credits * line.quantity,
    offerId: offer.id,
    payment: { invoiceId: invoice.id },
    stripeSubscriptionId: invoice.subscriptionId,
    expiresAt: line.periodEnd,
    description: `Monthly credits of ${offer.name}`,
    reason: null,
    eventId: fact.eventId,
    actor: actorLabel({ kind: 'system', name: 'webhook' }),
    now: clock.now(),
  });
  return offer.credits === 0 ? [payment] : [payment, grant];
}
