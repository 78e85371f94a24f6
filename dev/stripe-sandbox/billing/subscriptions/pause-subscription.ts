import { invalid } from '../../api/errors.ts';
import type { Params } from '../../api/parameters.ts';
import { change, type Context } from '../../state/context.ts';
import { newId } from '../../state/ids.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { payUpdate } from './pay-update.ts';
import { creditUnusedTime, linesWaiting } from './pending-lines.ts';
import { billChange } from './subscription-invoice.ts';

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

/**
 * Pauses a subscription because somebody asks for it, and gives back the time
 * that it is not used. No price here is metered, so that there is no outstanding
 * usage to bill. https://docs.stripe.com/billing/subscriptions/pause
 */
export function pauseOnRequest(
  context: Context,
  subscription: Subscription,
  { bill_for, invoicing_behavior }: Params<'subscriptionPause'>,
): Subscription {
  checkPausable(subscription);
  const from = bill_for?.unused_time_from?.type ?? 'now';
  if (from !== 'none') creditUnusedTime(context, subscription, from);
  const lines = invoicing_behavior === 'invoice' ? linesWaiting(context, subscription) : [];
  if (lines.length === 0) return pauseSubscription(context, subscription, 'pause_requested');
  const id = newId('in_1');
  const paused = pauseSubscription(context, subscription, 'pause_requested', { latest_invoice: id });
  const invoice = billChange(context, paused, id, lines);
  payUpdate(context, { subscription: paused, invoice }, {});
  return context.store.must('subscription', subscription.id);
}

function checkPausable({ status, schedule }: Subscription): void {
  if (schedule !== null) throw invalid('You cannot pause a subscription that has a schedule.');
  if (status === 'active' || status === 'trialing' || status === 'past_due') return;
  throw invalid(`You cannot pause a subscription with the status \`${status}\`.`);
}
