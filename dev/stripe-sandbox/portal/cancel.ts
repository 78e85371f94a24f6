import { invalid } from '../api/errors.ts';
import { cancelSubscription } from '../billing/subscriptions/cancel-subscription.ts';
import { isEnding, NO_DETAILS } from '../billing/subscriptions/cancellation.ts';
import { updateSubscription } from '../billing/subscriptions/update-subscription.ts';
import { withoutSchedule } from './plan-schedule.ts';
import type { Result } from './result.ts';
import { ownSubscription, type Visit } from './visit.ts';

type Feedback =
  Visit['configuration']['features']['subscription_cancel']['cancellation_reason']['options'][number];

/** Ends a subscription now or with its period, as the configuration says, and keeps why. */
export function cancel(visit: Visit, fields: URLSearchParams): Result {
  const { context, configuration } = visit;
  const { enabled, mode, proration_behavior: proration } = configuration.features.subscription_cancel;
  const subscription = ownSubscription(visit, fields);
  if (!enabled) throw invalid('Subscriptions cannot be canceled here.', 'subscription');
  if (isEnding(subscription)) throw invalid('Your subscription is about to end already.', 'subscription');
  const details = reasonOf(visit, fields);
  const running = withoutSchedule(context, subscription);
  if (mode === 'immediately') {
    const prorate = proration === 'create_prorations';
    const reason = 'cancellation_requested' as const;
    cancelSubscription(context, running, { details: { ...details, reason }, invoiceNow: prorate, prorate });
    return { done: 'canceled' };
  }
  updateSubscription(context, running, {
    end: { at: null, atPeriodEnd: true },
    members: { cancellation_details: { ...NO_DETAILS, ...details } },
  });
  return { done: 'will_cancel' };
}

/** Lets a subscription go on that was to end. */
export function resume(visit: Visit, fields: URLSearchParams): Result {
  const subscription = ownSubscription(visit, fields);
  if (!isEnding(subscription)) throw invalid('Your subscription goes on anyway.', 'subscription');
  updateSubscription(visit.context, subscription, { end: { at: null, atPeriodEnd: false } });
  return { done: 'resumed' };
}

function reasonOf(
  { configuration }: Visit,
  fields: URLSearchParams,
): { comment?: string; feedback?: Feedback } {
  const { enabled, options } = configuration.features.subscription_cancel.cancellation_reason;
  if (!enabled) return {};
  const given = fields.get('feedback');
  const feedback = options.find((option) => option === given);
  if (given && !feedback) throw invalid('This is none of the reasons.', 'feedback');
  const comment = fields.get('comment')?.trim();
  return { ...(feedback && { feedback }), ...(comment && { comment }) };
}
