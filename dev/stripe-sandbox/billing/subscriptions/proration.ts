import type { LineDraft } from '../../objects/invoice-line.ts';
import { subscriptionOf } from '../../objects/invoice.ts';
import type { SubscriptionItem } from '../../objects/subscription.ts';
import type { Context } from '../../state/context.ts';
import { imagined } from '../../state/imagined.ts';
import { newId } from '../../state/ids.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import type { Period } from './billed-period.ts';
import { draftSubscriptionInvoice } from './subscription-invoice.ts';
import { periodLine, priceLine, prorationName } from './subscription-lines.ts';

type Subscription = ObjectTypes['subscription'];

/** What was billed for a subscription item: a line of an invoice, or an invoice item that waits for one. */
interface Debit {
  /** Minor units after discounts. */
  readonly net: number;
  readonly period: Period;
  readonly source: Pick<LineDraft, 'credited' | 'creditedItem'>;
}

/**
 * Gives back the time of an item that is not used, from `instant` on: of what
 * was really billed, discounts and all, as the flexible billing mode does
 * (https://docs.stripe.com/billing/subscriptions/prorations#credit-prorations).
 * Undefined when nothing was billed for it.
 */
export function unusedTime(
  context: Context,
  subscription: Subscription,
  item: SubscriptionItem,
  instant: number,
): LineDraft | undefined {
  const debit = lastDebit(context, subscription, item, instant);
  const amount = debit ? -inProportion(debit.net, debit.period, instant) : 0;
  if (!debit || amount === 0) return undefined;
  return {
    ...prorated(context, subscription, item, { start: instant, end: debit.period.end }),
    ...debit.source,
    amount,
    description: prorationName(context, 'Unused', item, instant),
  };
}

/** What an item costs from `instant` to the end of its period, discounts taken off. */
export function remainingTime(
  context: Context,
  subscription: Subscription,
  item: SubscriptionItem,
  instant: number,
): LineDraft {
  const period = { start: item.current_period_start, end: item.current_period_end };
  return {
    ...prorated(context, subscription, item, { start: instant, end: period.end }),
    amount: inProportion(netPrice(context, subscription, item), period, instant),
    description: prorationName(context, 'Remaining', item, instant),
  };
}

/** Whether an item's time at `instant` is billed, and was not given back since. */
export function isPaidAt(
  context: Context,
  subscription: Subscription,
  item: SubscriptionItem,
  instant: number,
): boolean {
  const debit = lastDebit(context, subscription, item, instant);
  const isCredit = ({ amount, parent, period }: ObjectTypes['invoiceitem']): boolean =>
    amount < 0 &&
    parent?.subscription_details?.subscription_item === item.id &&
    period.end === debit?.period.end &&
    period.start >= debit.period.start;
  return debit !== undefined && !context.store.all('invoiceitem').some(isCredit);
}

/** To the second, rounded to a minor unit. */
function inProportion(amount: number, { start, end }: Period, instant: number): number {
  return Math.round((amount * (end - instant)) / (end - start));
}

function prorated(
  context: Context,
  subscription: Subscription,
  item: SubscriptionItem,
  period: Period,
): LineDraft {
  return {
    ...priceLine(context, item.price, item.quantity ?? 1, subscription.metadata),
    discountable: false,
    period,
    proration: true,
    subscriptionItem: item.id,
  };
}

/** What the item's whole period costs, together with the other items, after the subscription's discounts. */
function netPrice(context: Context, subscription: Subscription, item: SubscriptionItem): number {
  const world = imagined(context);
  world.store.put(subscription);
  const { lines } = draftSubscriptionInvoice(world, subscription, {
    id: newId('in_1'),
    autoAdvance: false,
    billingReason: 'subscription_update',
    lines: subscription.items.data.map((one) => periodLine(world, subscription, one)),
  });
  const line = lines.data[subscription.items.data.findIndex(({ id }) => id === item.id)];
  return line ? netOf(line) : 0;
}

function netOf(
  line: Pick<ObjectTypes['invoice']['lines']['data'][number], 'amount' | 'discount_amounts'>,
): number {
  return (line.discount_amounts ?? []).reduce((net, { amount }) => net - amount, line.amount);
}

/** The latest of what was billed for this item and lasts beyond `instant`. */
function lastDebit(
  context: Context,
  subscription: Subscription,
  item: SubscriptionItem,
  instant: number,
): Debit | undefined {
  const debits = [...pendingDebits(context, item), ...invoicedDebits(context, subscription, item)];
  return debits
    .filter(({ period }) => period.start <= instant && period.end > instant)
    .toSorted((a, b) => b.period.start - a.period.start)[0];
}

function pendingDebits(context: Context, item: SubscriptionItem): Debit[] {
  return context.store
    .all('invoiceitem')
    .filter(
      ({ invoice, amount, parent }) =>
        invoice === null && amount >= 0 && parent?.subscription_details?.subscription_item === item.id,
    )
    .map(({ id, amount: net, period }) => ({ net, period, source: { credited: null, creditedItem: id } }));
}

/** A void invoice has billed nothing. */
function invoicedDebits(context: Context, subscription: Subscription, item: SubscriptionItem): Debit[] {
  return context.store
    .all('invoice')
    .filter(
      (invoice) => invoice.status !== 'void' && subscriptionOf(context, invoice)?.id === subscription.id,
    )
    .flatMap((invoice) =>
      invoice.lines.data
        .filter(
          ({ amount, parent }) =>
            amount >= 0 && parent?.subscription_item_details?.subscription_item === item.id,
        )
        .map((line) => ({
          net: netOf(line),
          period: line.period,
          source: { credited: { invoice: invoice.id, invoice_line_items: [line.id] } },
        })),
    );
}
