import type { Context } from '../../state/context.ts';
import { newId } from '../../state/ids.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { periodEnd } from './billed-period.ts';
import { endSubscription } from './end-subscription.ts';
import { deleteItem, subscriptionOfItem } from '../invoices/invoice-items.ts';
import { creditUnusedTime, linesWaiting } from './pending-lines.ts';
import { subscriptionFacts } from './subscription-facts.ts';
import { billChange } from './subscription-invoice.ts';

type Subscription = ObjectTypes['subscription'];
type CancellationDetails = NonNullable<Subscription['cancellation_details']>;

interface Cancellation {
  /** Credit the time that is not used. */
  readonly prorate: boolean;
  /** Bill what waits to be billed by a last invoice. */
  readonly invoiceNow: boolean;
  readonly details: Partial<CancellationDetails>;
}

/**
 * Cancels a subscription now (`customer.subscription.deleted`). A last invoice
 * is a draft that goes on in an hour; without it and without a credit, pending
 * prorations are dropped (`invoiceitem.deleted`).
 * https://docs.stripe.com/api/subscriptions/cancel
 */
export function cancelSubscription(
  context: Context,
  subscription: Subscription,
  { prorate, invoiceNow, details }: Cancellation,
): Subscription {
  if (prorate) creditUnusedTime(context, subscription);
  if (!prorate && !invoiceNow) dropProrations(context, subscription);
  const lines = linesWaiting(context, subscription);
  if (!invoiceNow || lines.length === 0) return endSubscription(context, subscription, details);
  const invoice = newId('in_1');
  const ended = endSubscription(context, subscription, details, { latest_invoice: invoice });
  billChange(context, ended, invoice, lines);
  return ended;
}

/** The time has come for which somebody had asked (`cancel_at`, `cancel_at_period_end`). */
export function cancelAsAsked(context: Context, subscription: Subscription): Subscription {
  // What is paused was credited when it was paused, if it was to be.
  const isEarly = context.now() < periodEnd(subscription) && subscription.status !== 'paused';
  const { prorateAtCancel = false } = subscriptionFacts(context, subscription.id);
  return cancelSubscription(context, subscription, {
    details: {},
    invoiceNow: true,
    prorate: isEarly && prorateAtCancel,
  });
}

function dropProrations(context: Context, subscription: Subscription): void {
  for (const item of context.store.all('invoiceitem')) {
    const isOurs = subscriptionOfItem(item) === subscription.id;
    if (isOurs && item.proration && item.invoice === null) deleteItem(context, item);
  }
}
