import { settledTopUp } from './charge-top-up.ts';
import { SettlementError, type Fact, type Settlement, type SettlementDeps } from './settlement.ts';
import { outcomeOf } from './top-up-outcome.ts';
import { findTopUpByIntent, settleTopUp } from './top-up-queries.ts';

/**
 * Settles a top-up by what Stripe says now of its PaymentIntent, which the event only names. PaymentIntents that no
 * top-up names, those of checkouts and invoices among them, are not looked at: what they pay for tells of itself.
 */
export async function settleTopUpIntent(deps: SettlementDeps, fact: Fact): Promise<Settlement> {
  const [topUp] = await deps.db.run(findTopUpByIntent(fact.objectId));
  if (topUp === undefined) return { kind: 'ignored', reason: 'not_ours' };
  const intent = await deps.stripe.findPaymentIntent(fact.objectId);
  if (intent === undefined) throw new SettlementError('intent_missing');
  const outcome = outcomeOf(intent);
  // Whoever cancels one that was begun says why.
  const isOurs = topUp.status === 'started' && intent.status === 'canceled';
  if (outcome === undefined || isOurs) return { kind: 'ignored', reason: 'nothing_paid' };
  const told = { eventId: fact.eventId, paidAt: fact.occurredAt, now: deps.clock.now() };
  return {
    kind: 'effects',
    customerId: topUp.customerId,
    statements: [settleTopUp(settledTopUp(topUp.id, outcome, told))],
  };
}
