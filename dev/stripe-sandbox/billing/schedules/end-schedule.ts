import { invalid } from '../../api/errors.ts';
import type { Params } from '../../api/parameters.ts';
import { managedBy, type Schedule } from '../../objects/subscription-schedule.ts';
import { change, type Context } from '../../state/context.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { cancellation } from '../subscriptions/cancellation.ts';
import { cancelSubscription } from '../subscriptions/cancel-subscription.ts';

/** Cancels a schedule and its subscription now (https://docs.stripe.com/api/subscription_schedules/cancel). */
export function cancelSchedule(
  context: Context,
  schedule: Schedule,
  { invoice_now = true, prorate = true }: Params<'subscriptionScheduleCancel'>,
): Schedule {
  checkRuns(schedule, 'cancel');
  const subscription = managedBy(context, schedule);
  const canceled = cancelAlone(context, schedule);
  if (subscription) {
    cancelSubscription(context, subscription, { details: {}, invoiceNow: invoice_now, prorate });
  }
  return canceled;
}

/** A deleted customer's schedules do not start any more. */
export function cancelSchedulesOf(context: Context, customer: string): void {
  for (const schedule of context.store.all('subscription_schedule')) {
    if (schedule.customer === customer && schedule.status === 'not_started') cancelAlone(context, schedule);
  }
}

/** Cancels a schedule, but not its subscription if it has one. */
export function cancelAlone(context: Context, schedule: Schedule): Schedule {
  const over = { canceled_at: context.now(), current_phase: null, status: 'canceled' } as const;
  return change(context, schedule, over, 'subscription_schedule.canceled');
}

/** Ends a schedule and leaves its subscription (https://docs.stripe.com/api/subscription_schedules/release). */
export function releaseSchedule(
  context: Context,
  schedule: Schedule,
  { preserve_cancel_date = false }: Params<'subscriptionScheduleRelease'>,
): Schedule {
  checkRuns(schedule, 'release');
  const endsBySchedule = schedule.end_behavior === 'cancel' && !preserve_cancel_date;
  const subscription = managedBy(context, schedule);
  const goesOn = subscription && cancellation(subscription, { at: null, atPeriodEnd: false }, context.now());
  detachSchedule(context, schedule, 'released', endsBySchedule ? goesOn : {});
  return context.store.must('subscription_schedule', schedule.id);
}

/** All phases are over: the subscription ends too, or goes on by itself. */
export function completeSchedule(context: Context, schedule: Schedule): void {
  if (schedule.end_behavior !== 'cancel') return detachSchedule(context, schedule, 'completed');
  const subscription = managedBy(context, schedule);
  const over = { completed_at: context.now(), current_phase: null, status: 'completed' } as const;
  change(context, schedule, over, 'subscription_schedule.completed');
  if (subscription)
    cancelSubscription(context, subscription, { details: {}, invoiceNow: true, prorate: false });
  return undefined;
}

/** A schedule is over, and its subscription goes on without it. */
export function detachSchedule(
  context: Context,
  schedule: Schedule,
  status: 'completed' | 'released',
  patch: Partial<ObjectTypes['subscription']> = {},
): void {
  const subscription = managedBy(context, schedule);
  change(
    context,
    schedule,
    {
      [`${status}_at`]: context.now(),
      current_phase: null,
      released_subscription: schedule.subscription,
      status,
      subscription: null,
    },
    `subscription_schedule.${status}`,
  );
  if (!subscription) return;
  change(context, subscription, { ...patch, schedule: null }, 'customer.subscription.updated');
}

/** Throws Stripe's 400 when a schedule is over. */
export function checkRuns({ status }: Schedule, what: 'cancel' | 'release' | 'update'): void {
  if (status === 'not_started' || status === 'active') return;
  throw invalid(
    `You cannot ${what} a subscription schedule that is currently in the \`${status}\` status. It must be \`not_started\` or \`active\`.`,
  );
}
