import { STANDING_STILL, subscriptionIdOf } from '../../objects/invoice.ts';
import { change, replace, type Context } from '../../state/context.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { NO_DETAILS } from './cancellation.ts';
import { withoutPause } from '../../objects/subscription.ts';
import { endWithSubscription } from '../schedules/end-with-subscription.ts';

type Subscription = ObjectTypes['subscription'];
type CancellationDetails = NonNullable<Subscription['cancellation_details']>;

/** Statuses that a subscription does not leave any more. */
export function isOver(subscription: Subscription): boolean {
  return subscription.status === 'canceled' || subscription.status === 'incomplete_expired';
}

/**
 * Cancels a subscription now: `customer.subscription.deleted`. Its open invoices
 * stay as they are, but are no longer collected by themselves. When it had been
 * asked to end now (`cancel_at`), `canceled_at` keeps the time of the request.
 * A schedule ends with its subscription.
 */
export function endSubscription(
  context: Context,
  subscription: Subscription,
  details: Partial<CancellationDetails>,
  patch: Partial<Subscription> = {},
): Subscription {
  const now = context.now();
  stopCollecting(context, subscription);
  const latest = context.store.must('subscription', subscription.id);
  const ended = replace(
    context,
    latest,
    {
      ...withoutPause(latest),
      ...patch,
      cancellation_details: { ...NO_DETAILS, ...subscription.cancellation_details, ...details },
      canceled_at: subscription.cancel_at !== null ? (subscription.canceled_at ?? now) : now,
      ended_at: now,
      pause_collection: null,
      status: 'canceled',
    },
    'customer.subscription.deleted',
  );
  endWithSubscription(context, ended);
  return ended;
}

/** https://docs.stripe.com/billing/subscriptions/cancel: Stripe does not go on to charge who has canceled. */
function stopCollecting(context: Context, subscription: Subscription): void {
  for (const invoice of context.store.all('invoice')) {
    const isOurs = subscriptionIdOf(invoice) === subscription.id;
    if (!isOurs || (invoice.status !== 'draft' && invoice.status !== 'open')) continue;
    change(context, invoice, STANDING_STILL, 'invoice.updated');
  }
}

/** A deleted customer's subscriptions end with it. */
export function endSubscriptionsOf(context: Context, customer: string): void {
  for (const subscription of context.store.all('subscription')) {
    if (subscription.customer === customer && !isOver(subscription))
      endSubscription(context, subscription, {});
  }
}
