import type { Context } from '../../state/context.ts';

/** What was told or asked of a subscription, so that it happens once. */
export interface SubscriptionFacts {
  /** The end of the trial that `customer.subscription.trial_will_end` was about. */
  readonly trialEndTold?: number;
  /** The end of the period that `invoice.upcoming` was about. */
  readonly renewalTold?: number;
  /** Whether to credit unused time when `cancel_at` comes before the period's end. */
  readonly prorateAtCancel?: boolean;
  /** The invoice that a paused subscription waits for, to resume. */
  readonly resumedBy?: string;
}

/** What the API does not show of a subscription. */
export function subscriptionFacts(context: Pick<Context, 'store'>, subscription: string): SubscriptionFacts {
  return context.store.facts('subscription', subscription) ?? {};
}

export function rememberOfSubscription(
  context: Context,
  subscription: string,
  facts: SubscriptionFacts,
): void {
  context.store.setFacts('subscription', subscription, {
    ...subscriptionFacts(context, subscription),
    ...facts,
  });
}
