import { change, type Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';

type Subscription = ObjectTypes['subscription'];
type Reason = NonNullable<Subscription['status_details']>['paused']['subscription']['type'];

/** A paused subscription neither bills nor renews until it is resumed (`customer.subscription.paused`). */
export function pauseSubscription(
  context: Context,
  subscription: Subscription,
  reason: Reason,
  patch: Partial<Subscription> = {},
): Subscription {
  const paused = {
    subscription: { type: reason },
    transitioned_at: context.now(),
    type: 'subscription',
  } as const;
  return change(
    context,
    subscription,
    { ...patch, status: 'paused', status_details: { paused } },
    'customer.subscription.updated',
    'customer.subscription.paused',
  );
}

/** `status_details` are there only while a subscription is paused. */
export function withoutPause({ status_details: _over, ...subscription }: Subscription): Subscription {
  return subscription;
}
