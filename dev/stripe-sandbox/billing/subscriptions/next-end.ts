import type { ObjectTypes } from '../../state/wire.ts';
import type { Wait } from '../../time/due.ts';
import { periodEnd } from './billed-period.ts';
import { cancelAsAsked } from './cancel-subscription.ts';
import { renewSubscription } from './renew-subscription.ts';

type Subscription = ObjectTypes['subscription'];

/** The end of a subscription or, if that does not come first, of its period. */
export function nextEnd(subscription: Subscription): Wait<Subscription> & { readonly at: number } {
  const end = periodEnd(subscription);
  const { cancel_at } = subscription;
  if (cancel_at !== null && cancel_at <= end) return { at: cancel_at, happen: cancelAsAsked };
  return { at: end, happen: renewSubscription };
}
