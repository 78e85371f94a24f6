import { periodEnd } from '../billing/subscriptions/billed-period.ts';
import type { Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';

type Price = ObjectTypes['price'];
type Subscription = ObjectTypes['subscription'];

/** What a subscription goes on with when nobody does anything; `at` in Unix seconds. */
export type Outlook =
  | { readonly kind: 'renews' | 'ends' | 'trial_ends'; readonly at: number }
  | { readonly kind: 'changes'; readonly at: number; readonly price: Price; readonly quantity: number }
  | { readonly kind: 'payment_failed' | 'waits_for_payment' | 'paused' };

/** What happens next to a subscription that has not ended. */
export function outlookOf(context: Context, subscription: Subscription): Outlook {
  const end = periodEnd(subscription);
  if (subscription.status === 'incomplete') return { kind: 'waits_for_payment' };
  if (subscription.status === 'past_due' || subscription.status === 'unpaid')
    return { kind: 'payment_failed' };
  if (subscription.status === 'paused') return { kind: 'paused' };
  if (subscription.cancel_at_period_end) return { kind: 'ends', at: subscription.cancel_at ?? end };
  if (subscription.cancel_at !== null) return { kind: 'ends', at: subscription.cancel_at };
  const change = scheduledChange(context, subscription);
  if (change) return change;
  if (subscription.status === 'trialing') return { kind: 'trial_ends', at: subscription.trial_end ?? end };
  return { kind: 'renews', at: end };
}

/** What the subscription's schedule changes next; undefined when it has none. */
function scheduledChange(
  context: Context,
  subscription: Subscription,
): Extract<Outlook, { kind: 'changes' }> | undefined {
  if (subscription.schedule === null) return undefined;
  const schedule = context.store.get('subscription_schedule', subscription.schedule);
  const phase = schedule?.phases.find(({ start_date: start }) => start > context.now());
  const [item] = phase?.items ?? [];
  const price = item && context.store.get('price', item.price);
  if (!phase || !price) return undefined;
  return { kind: 'changes', at: phase.start_date, price, quantity: item.quantity ?? 1 };
}
