import type { Fact, Settlement, SettlementDeps } from './settlement.ts';
import { settleSubscription } from './sync-subscription.ts';

/** Looks at the subscription that an invoice bills: what became of the invoice may have changed it. */
export async function settleSubscriptionOfInvoice(deps: SettlementDeps, fact: Fact): Promise<Settlement> {
  const invoice = await deps.stripe.findInvoice(fact.objectId);
  return settleNamed(deps, fact, invoice?.subscriptionId);
}

/** Looks at the subscription of a schedule, so that a change that is to come is known, and one that is off is not. */
export async function settleSubscriptionOfSchedule(deps: SettlementDeps, fact: Fact): Promise<Settlement> {
  return settleNamed(deps, fact, await deps.stripe.findScheduledSubscription(fact.objectId));
}

async function settleNamed(
  deps: SettlementDeps,
  { eventId }: Fact,
  subscriptionId: string | null | undefined,
): Promise<Settlement> {
  if (subscriptionId === null || subscriptionId === undefined) return { kind: 'ignored', reason: 'not_ours' };
  return settleSubscription(deps, subscriptionId, eventId);
}
