import type { ObjectTypes } from '../../state/wire.ts';
import { periodEnd } from './billed-period.ts';

type Subscription = ObjectTypes['subscription'];
type Cancellation = Pick<
  Subscription,
  'cancel_at' | 'cancel_at_period_end' | 'canceled_at' | 'cancellation_details'
>;

/** Whether a subscription is going to end, at an instant or with its period. */
export function isEnding({
  cancel_at,
  cancel_at_period_end,
}: Pick<Subscription, 'cancel_at' | 'cancel_at_period_end'>): boolean {
  return cancel_at_period_end || cancel_at !== null;
}

/** What a subscription shows when it is asked to end later: at an instant, or with its period. */
export function cancellation(
  subscription: Pick<Subscription, 'canceled_at' | 'cancellation_details' | 'items'>,
  when: { readonly at: number | null; readonly atPeriodEnd: boolean },
  now: number,
): Cancellation {
  const at = when.atPeriodEnd ? periodEnd(subscription) : when.at;
  const details = subscription.cancellation_details ?? NO_DETAILS;
  return {
    cancel_at: at,
    cancel_at_period_end: when.atPeriodEnd,
    canceled_at: at === null ? null : now,
    cancellation_details: { ...details, reason: at === null ? null : 'cancellation_requested' },
  };
}

export const NO_DETAILS: NonNullable<Subscription['cancellation_details']> = {
  comment: null,
  feedback: null,
  feedback_option: null,
  reason: null,
};
