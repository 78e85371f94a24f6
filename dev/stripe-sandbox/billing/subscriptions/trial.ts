import type { Context } from '../../state/context.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { DAY_SECONDS } from '../../state/period.ts';
import { rememberOfSubscription, subscriptionFacts } from './subscription-facts.ts';

type Subscription = ObjectTypes['subscription'];

const NOTICE_SECONDS = 3 * DAY_SECONDS;

/** When the end of a trial is to be told, in Unix seconds; null when there is none to tell any more. */
export function trialNoticeAt(context: Pick<Context, 'store'>, subscription: Subscription): number | null {
  const { id, status, trial_end: end } = subscription;
  if (end === null || status !== 'trialing') return null;
  return subscriptionFacts(context, id).trialEndTold === end ? null : end - NOTICE_SECONDS;
}

/**
 * Tells the end of a trial three days before it, or at once when it is nearer
 * (`customer.subscription.trial_will_end`). A trial's end is told once.
 */
export function tellTrialEnd(context: Context, subscription: Subscription): void {
  const at = trialNoticeAt(context, subscription);
  if (at === null || at > context.now()) return;
  rememberOfSubscription(context, subscription.id, { trialEndTold: subscription.trial_end ?? at });
  context.events.emit(context, 'customer.subscription.trial_will_end', subscription);
}
