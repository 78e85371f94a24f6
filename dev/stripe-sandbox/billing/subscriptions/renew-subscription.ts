import { itemList } from '../../objects/subscription.ts';
import { change, type Context } from '../../state/context.ts';
import { newId } from '../../state/ids.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { billedPeriod, periodEnd, periodStart } from './billed-period.ts';
import { subscriptionMethod } from '../invoices/default-method.ts';
import { endSubscription } from './end-subscription.ts';
import { pendingLines } from '../invoices/invoice-items.ts';
import { pauseSubscription } from './pause-subscription.ts';
import { draftSubscriptionInvoice, useUpDiscounts } from './subscription-invoice.ts';
import { periodLine } from './subscription-lines.ts';

type Subscription = ObjectTypes['subscription'];

/**
 * The period is over: the next one begins (`customer.subscription.updated`) and
 * is billed by a draft that goes on in an hour, with all that waits to be billed
 * (`invoice.created`). A trial is over in the same way, unless nobody can pay.
 */
export function renewSubscription(context: Context, subscription: Subscription): Subscription {
  const end = unpaidTrialEnd(context, subscription);
  return end === 'create_invoice'
    ? beginPeriod(context, subscription)
    : endUnpaidTrial(context, subscription, end);
}

/** A trial is over, and nobody can pay for what would come. */
export function endUnpaidTrial(
  context: Context,
  subscription: Subscription,
  how: 'cancel' | 'pause',
  patch: Partial<Subscription> = {},
): Subscription {
  return how === 'cancel'
    ? endSubscription(context, subscription, {}, patch)
    : pauseSubscription(context, subscription, 'trial_end_without_payment_method', patch);
}

/** What is to become of a trial without a payment method (`trial_settings`). */
export function unpaidTrialEnd(
  context: Context,
  subscription: Subscription,
): 'cancel' | 'create_invoice' | 'pause' {
  const isPayable =
    subscription.status !== 'trialing' ||
    subscription.collection_method === 'send_invoice' ||
    subscriptionMethod(context, subscription) !== undefined;
  if (isPayable) return 'create_invoice';
  return subscription.trial_settings?.end_behavior.missing_payment_method ?? 'create_invoice';
}

function beginPeriod(context: Context, before: Subscription): Subscription {
  const last = { start: periodStart(before), end: periodEnd(before) };
  const { id, billing_cycle_anchor: anchor, cancel_at: until, customer, currency } = before;
  const items = before.items.data.map((item) => {
    const next = billedPeriod(item.price, { anchor, start: last.end, until });
    return { ...item, current_period_end: next.end, current_period_start: next.start };
  });
  const invoice = newId('in_1');
  const subscription = change(
    context,
    before,
    {
      items: itemList(id, items),
      latest_invoice: invoice,
      ...(before.status === 'trialing' && { status: 'active' }),
    },
    'customer.subscription.updated',
  );
  draftSubscriptionInvoice(context, subscription, {
    id: invoice,
    autoAdvance: true,
    billingReason: 'subscription_cycle',
    lines: [
      ...pendingLines(context, customer, currency, (owner) => owner === null || owner === id),
      ...items.map((item) => periodLine(context, subscription, item)),
    ],
    period: last,
  });
  return useUpDiscounts(context, id);
}
