import {
  settleInvoice,
  settleReversal,
  settleSession,
  settleSubscription,
  settleTopUpIntent,
  settleSubscriptionOfInvoice,
  settleSubscriptionOfSchedule,
  type PaymentFact,
  type Settlement,
  type SettlementDeps,
} from '../billing/index.ts';

type Handler = (deps: SettlementDeps, fact: PaymentFact) => Promise<Settlement>;

/** The event names a subscription; whatever it says of it, the subscription is looked at anew. */
const ofSubscription: Handler = (deps, { objectId, eventId }) => settleSubscription(deps, objectId, eventId);

/** What is done about each type of event. Every other type is kept in the inbox as ignored. */
const handlers = {
  'charge.dispute.closed': settleReversal,
  'charge.dispute.created': settleReversal,
  'charge.dispute.funds_reinstated': settleReversal,
  'charge.dispute.funds_withdrawn': settleReversal,
  'charge.dispute.updated': settleReversal,
  'charge.refund.updated': settleReversal,
  'charge.refunded': settleReversal,
  'checkout.session.completed': (deps, fact) => settleSession(deps, fact, 'processing'),
  'checkout.session.async_payment_succeeded': (deps, fact) => settleSession(deps, fact, 'never'),
  'checkout.session.async_payment_failed': (deps, fact) => settleSession(deps, fact, 'failed'),
  'checkout.session.expired': (deps, fact) => settleSession(deps, fact, 'expired'),
  'customer.subscription.created': ofSubscription,
  'customer.subscription.deleted': ofSubscription,
  'customer.subscription.paused': ofSubscription,
  'customer.subscription.pending_update_applied': ofSubscription,
  'customer.subscription.pending_update_expired': ofSubscription,
  'customer.subscription.resumed': ofSubscription,
  'customer.subscription.trial_will_end': ofSubscription,
  'customer.subscription.updated': ofSubscription,
  'invoice.marked_uncollectible': settleSubscriptionOfInvoice,
  // Two events of one fact; `invoice.paid` alone tells of what was paid outside of Stripe.
  'invoice.paid': settleInvoice,
  'invoice.payment_succeeded': settleInvoice,
  'invoice.payment_action_required': settleSubscriptionOfInvoice,
  'invoice.payment_failed': settleSubscriptionOfInvoice,
  'invoice.voided': settleSubscriptionOfInvoice,
  'payment_intent.canceled': settleTopUpIntent,
  'payment_intent.payment_failed': settleTopUpIntent,
  'payment_intent.succeeded': settleTopUpIntent,
  'refund.created': settleReversal,
  'refund.failed': settleReversal,
  'refund.updated': settleReversal,
  'subscription_schedule.aborted': settleSubscriptionOfSchedule,
  'subscription_schedule.canceled': settleSubscriptionOfSchedule,
  'subscription_schedule.completed': settleSubscriptionOfSchedule,
  'subscription_schedule.created': settleSubscriptionOfSchedule,
  'subscription_schedule.released': settleSubscriptionOfSchedule,
  'subscription_schedule.updated': settleSubscriptionOfSchedule,
} as const satisfies Readonly<Record<string, Handler>>;

export function handlerOf(eventType: string): Handler | undefined {
  return isHandled(eventType) ? handlers[eventType] : undefined;
}

function isHandled(eventType: string): eventType is keyof typeof handlers {
  return Object.hasOwn(handlers, eventType);
}
