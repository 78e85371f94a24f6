import { itemList, type SubscriptionItem } from '../../objects/subscription.ts';
import { change, type Context } from '../../state/context.ts';
import { imagined } from '../../state/imagined.ts';
import type { LineDraft } from '../../objects/invoice-line.ts';
import { newId } from '../../state/ids.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { periodEnd } from './billed-period.ts';
import { cancellation } from './cancellation.ts';
import type { ItemChange } from './changed-items.ts';
import { checkChange } from './check-change.ts';
import { addWaiting, linesWaiting } from './pending-lines.ts';
import { cycleAfter, type Cycle } from './changed-cycle.ts';
import { checkPaid, payUpdate, type UpdatePayment } from './pay-update.ts';
import { remainingTime, unusedTime } from './proration.ts';
import type { DiscountParam } from '../discounts/redeem.ts';
import { endUnpaidTrial, unpaidTrialEnd } from './renew-subscription.ts';
import { replaceDiscounts } from '../discounts/replace-discounts.ts';
import { rememberOfSubscription } from './subscription-facts.ts';
import { billChange, useUpDiscounts, type Billed } from './subscription-invoice.ts';
import { periodLine, priceLine } from './subscription-lines.ts';
import { tellTrialEnd } from './trial.ts';

type Price = ObjectTypes['price'];
type Subscription = ObjectTypes['subscription'];

/** What somebody wants to change of a subscription, its parameters checked; what is left out stays. */
export interface SubscriptionChange extends UpdatePayment {
  readonly items?: readonly ItemChange[];
  /** One-time prices that the next invoice bills, too. */
  readonly extras?: readonly { readonly price: Price; readonly quantity: number }[];
  /** `create_prorations`, unless it is told. */
  readonly prorationBehavior?: 'always_invoice' | 'create_prorations' | 'none';
  /** The instant from which time is credited and charged, in Unix seconds; otherwise now. */
  readonly prorationDate?: number;
  /** Begin a new billing cycle now, and bill it. */
  readonly resetsAnchor?: boolean;
  /** Unix seconds. */
  readonly trialEnd?: number | 'now';
  /** When the subscription is to end; neither: not at all. */
  readonly end?: { readonly at: number | null; readonly atPeriodEnd: boolean };
  /** In the place of those that it has. */
  readonly discounts?: readonly DiscountParam[];
  /** Members that are taken as they are. */
  readonly members?: Partial<Subscription>;
}

/**
 * Changes a subscription (`customer.subscription.updated`, once). Prorations are
 * pending invoice items (`invoiceitem.created`), unless they are to be invoiced;
 * a new billing cycle is invoiced always. Such an invoice is collected at once.
 * Throws 402 for `error_if_incomplete` before anything is kept.
 * https://docs.stripe.com/billing/subscriptions/upgrade-downgrade
 */
export function updateSubscription(
  context: Context,
  subscription: Subscription,
  wanted: SubscriptionChange,
): Subscription {
  const end =
    wanted.trialEnd === 'now' ? unpaidTrialEnd(context, { ...subscription, ...wanted.members }) : null;
  if (end === 'cancel' || end === 'pause') return endTrialUnpaid(context, subscription, wanted, end);
  const world = imagined(context);
  checkPaid(world, draftUpdate(world, subscription, wanted), wanted);
  payUpdate(context, draftUpdate(context, subscription, wanted), wanted);
  return context.store.must('subscription', subscription.id);
}

/** The trial ends now and nobody can pay: what else is wanted happens before. */
function endTrialUnpaid(
  context: Context,
  subscription: Subscription,
  { trialEnd: _now, ...others }: SubscriptionChange,
  how: 'cancel' | 'pause',
): Subscription {
  const changed = updateSubscription(context, subscription, others);
  context.events.emit(context, 'customer.subscription.trial_will_end', changed);
  return endUnpaidTrial(context, changed, how, { trial_end: context.now() });
}

/** Does an update up to the draft that bills it. Throws Stripe's 400 for what cannot be. */
export function draftUpdate(context: Context, before: Subscription, wanted: SubscriptionChange): Billed {
  checkChange(context, before, wanted);
  const cycle = cycleAfter(context, before, wanted);
  const after = { ...before, ...changedMembers(context, before, wanted, cycle) };
  addProrations(context, { before, after, wanted, cycle });
  const isBilled = cycle.kind !== 'unchanged' || wanted.prorationBehavior === 'always_invoice';
  const lines = isBilled ? linesOf(context, after, cycle) : [];
  const id = lines.length > 0 ? newId('in_1') : null;
  const patch = id === null ? after : { ...after, latest_invoice: id };
  const subscription = change(context, before, patch, 'customer.subscription.updated');
  if (wanted.end) rememberOfSubscription(context, before.id, { prorateAtCancel: prorates(wanted) });
  if (cycle.endsTrial) context.events.emit(context, 'customer.subscription.trial_will_end', subscription);
  else tellTrialEnd(context, subscription);
  if (id === null) return { subscription, invoice: null };
  const invoice = billChange(context, subscription, id, lines);
  const isFull = cycle.kind === 'new';
  return { subscription: isFull ? useUpDiscounts(context, before.id) : subscription, invoice };
}

function prorates({ prorationBehavior }: SubscriptionChange): boolean {
  return prorationBehavior !== 'none';
}

/** What waits to be billed for this subscription, and the new period when one begins. */
function linesOf(context: Context, after: Subscription, cycle: Cycle): LineDraft[] {
  return [
    ...linesWaiting(context, after),
    ...(cycle.kind === 'unchanged' ? [] : after.items.data.map((item) => periodLine(context, after, item))),
  ];
}

function changedMembers(
  context: Context,
  before: Subscription,
  wanted: SubscriptionChange,
  cycle: Cycle,
): Partial<Subscription> {
  const items = itemList(before.id, cycle.items);
  const target = { customer: before.customer, subscription: before.id, currency: before.currency };
  const { discounts, end } = wanted;
  return {
    ...wanted.members,
    billing_cycle_anchor: cycle.anchor,
    items,
    ...cycle.trial,
    ...(discounts && {
      discounts: replaceDiscounts(context, before.discounts, discounts, target, 'discounts'),
    }),
    // The end of the period has moved, and with it the end of what ends then.
    ...(before.cancel_at_period_end && { cancel_at: periodEnd({ items }) }),
    ...(end && cancellation({ ...before, ...wanted.members, items }, end, context.now())),
  };
}

interface Update {
  readonly before: Subscription;
  readonly after: Subscription;
  readonly wanted: SubscriptionChange;
  readonly cycle: Cycle;
}

/** Credits the unused time of what changes, and charges the rest of the period for what it becomes. */
function addProrations(context: Context, { before, after, wanted, cycle }: Update): void {
  const at = wanted.prorationDate ?? context.now();
  const isFree = before.status === 'trialing' || before.status === 'paused';
  const lines: LineDraft[] = [];
  if (prorates(wanted) && !isFree) {
    const isNew = cycle.kind !== 'unchanged';
    const credited = before.items.data.filter((item) => isNew || !isSame(item, after));
    const charged = isNew ? [] : after.items.data.filter((item) => !isSame(item, before));
    lines.push(
      ...credited.flatMap((item) => unusedTime(context, before, item, at) ?? []),
      ...charged.map((item) => remainingTime(context, after, item, at)),
    );
  }
  for (const { price, quantity } of wanted.extras ?? []) {
    lines.push(priceLine(context, price, quantity, after.metadata));
  }
  for (const line of lines) addWaiting(context, before, line);
}

/** Whether the other state of the subscription has this item at the same price and quantity. */
function isSame({ id, price, quantity }: SubscriptionItem, { items }: Subscription): boolean {
  const other = items.data.find((item) => item.id === id);
  return other?.price.id === price.id && other.quantity === quantity;
}
