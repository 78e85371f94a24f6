import { grantCredits } from '../credits/index.ts';
import { findCustomerAtStripe, keepStripeCustomer } from '../customers/index.ts';
import type { Statement } from '../db/index.ts';
import type { CheckoutSession } from '../stripe/index.ts';
import {
  findCheckout,
  findOffers,
  moveUnpaidCheckout,
  payCheckout,
  type CompletedCheckout,
  type UnpaidStatus,
} from './checkout-queries.ts';
import { keepOneSubscription } from './one-subscription.ts';
import { recordPayment } from './payment-queries.ts';
import {
  actorOf,
  SettlementError,
  type Effects,
  type Fact,
  type Settlement,
  type SettlementDeps,
} from './settlement.ts';
import { settleSubscription } from './sync-subscription.ts';

/** What a session that is not paid means for its checkout, by the event that told of it; `never`: it must be paid. */
export type Unpaid = UnpaidStatus | 'never';

/**
 * Fulfils a Checkout Session by what Stripe says of it now; the event only names it. What is ours is known by its
 * price. A paid package is credited with the credits of the offer that was sold; a subscription's credits come with
 * its invoices. Source: https://docs.stripe.com/checkout/fulfillment
 */
export async function settleSession(deps: SettlementDeps, fact: Fact, unpaid: Unpaid): Promise<Settlement> {
  const session = await deps.stripe.findCheckoutSession(fact.objectId);
  const [checkouts, customers, offers] = await deps.db.batch([
    findCheckout(fact.objectId, session?.clientReferenceId ?? null),
    findCustomerAtStripe(session?.stripeCustomerId ?? null),
    findOffers(session?.lines.flatMap(({ stripePriceId }) => stripePriceId ?? []) ?? []),
  ]);
  const [checkout] = checkouts;
  if (session === undefined) {
    if (checkout === undefined) return { kind: 'ignored', reason: 'not_ours' };
    throw new SettlementError('session_missing');
  }
  if (session.mode === 'setup') return { kind: 'ignored', reason: 'nothing_sold' };
  const [offer, ...others] = offers;
  if (offer === undefined) return { kind: 'ignored', reason: 'not_ours' };
  const customerId = checkout?.customerId ?? customers[0]?.id;
  const completed = checkout && {
    checkoutId: checkout.id,
    sessionId: session.id,
    subscriptionId: session.subscriptionId,
    completedAt: fact.occurredAt,
  };
  if (session.paymentStatus === 'unpaid') {
    const closed = settleUnpaid(unpaid, completed, customerId);
    return closed.kind === 'ignored' ? closed : withSubscription(deps, fact, session, completed, closed);
  }
  if (customerId === undefined) throw new SettlementError('customer_unknown');
  if (others.length > 0) throw new SettlementError('several_offers');
  return withSubscription(deps, fact, session, completed, {
    kind: 'effects',
    customerId,
    statements: [
      ...(session.stripeCustomerId === null
        ? []
        : [keepStripeCustomer(customerId, session.stripeCustomerId)]),
      ...(completed === undefined ? [] : [payCheckout(completed)]),
      ...(session.mode === 'payment' ? purchase(deps, fact, session, customerId, offer) : []),
    ],
  });
}

/** A session that began a subscription tells of it, too; of two subscriptions the first stays. */
async function withSubscription(
  deps: SettlementDeps,
  { eventId }: Fact,
  { subscriptionId }: CheckoutSession,
  completed: CompletedCheckout | undefined,
  settlement: Effects,
): Promise<Effects> {
  if (subscriptionId === null) return settlement;
  const { customerId } = settlement;
  const oneOnly =
    completed === undefined
      ? []
      : await keepOneSubscription(deps, { customerId, checkoutId: completed.checkoutId, subscriptionId });
  const subscription = await settleSubscription(deps, subscriptionId, eventId, customerId);
  const state = subscription.kind === 'ignored' ? [] : subscription.statements;
  return { ...settlement, statements: [...settlement.statements, ...oneOnly, ...state] };
}

function settleUnpaid(
  unpaid: Unpaid,
  completed: CompletedCheckout | undefined,
  customerId: string | undefined,
): Settlement {
  if (unpaid === 'never') throw new SettlementError('session_unpaid');
  if (completed === undefined || customerId === undefined) return { kind: 'ignored', reason: 'nothing_paid' };
  return { kind: 'effects', customerId, statements: [moveUnpaidCheckout(completed, unpaid)] };
}

type Offer = Awaited<ReturnType<typeof findOffers>>[number];

/** The money and the credits of a paid package, however many of it were bought. */
function purchase(
  { clock }: SettlementDeps,
  fact: Fact,
  session: CheckoutSession,
  customerId: string,
  offer: Offer,
): readonly Statement[] {
  const quantity = session.lines
    .filter((line) => line.stripePriceId === offer.stripePriceId)
    .reduce((sum, line) => sum + line.quantity, 0);
  const payment = recordPayment({
    customerId,
    offerId: offer.id,
    stripePaymentIntentId: session.paymentIntentId,
    currency: session.currency ?? offer.currency,
    amountMinor: session.amountMinor,
    paidAt: fact.occurredAt,
  });
  const grant = grantCredits({
    customerId,
    kind: 'purchased',
    source: 'checkout_session',
    sourceRef: session.id,
    transactionType: 'purchase',
    credits: offer.credits * quantity,
    offerId: offer.id,
    payment: session.paymentIntentId === null ? null : { paymentIntentId: session.paymentIntentId },
    stripeSubscriptionId: null,
    expiresAt: null,
    description: `Purchased ${offer.name}`,
    reason: null,
    eventId: fact.eventId,
    actor: actorOf(fact),
    now: clock.now(),
  });
  return [...(session.paymentIntentId === null ? [] : [payment]), ...(offer.credits === 0 ? [] : [grant])];
}
