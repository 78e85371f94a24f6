import type { LineDraft } from '../../objects/invoice-line.ts';
import { itemList } from '../../objects/subscription.ts';
import { change, type Context } from '../../state/context.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import type { Period } from './billed-period.ts';
import { draftInvoice } from '../invoices/draft-invoice.ts';
import { discountsLeft } from '../discounts/redeem.ts';

type Invoice = ObjectTypes['invoice'];
type Subscription = ObjectTypes['subscription'];

/** A subscription that was made or changed, and the draft that bills this. */
export interface Billed {
  readonly subscription: Subscription;
  /** Null when nothing is invoiced now. */
  readonly invoice: Invoice | null;
}

interface SubscriptionBill {
  /** Chosen before, so that the subscription already names its latest invoice. */
  readonly id: string;
  readonly billingReason: NonNullable<Invoice['billing_reason']>;
  readonly lines: readonly LineDraft[];
  /** What the invoice looks back on; now, unless it is told. */
  readonly period?: Period;
  /** Finalize and collect by itself, an hour from now. */
  readonly autoAdvance: boolean;
}

/** Bills a subscription, with those of its discounts that still run. */
export function draftSubscriptionInvoice(
  context: Context,
  subscription: Subscription,
  bill: SubscriptionBill,
): Invoice {
  const now = context.now();
  const running = (ids: readonly string[]): string[] => ids.filter((id) => runs(context, id));
  return draftInvoice(context, {
    id: bill.id,
    autoAdvance: bill.autoAdvance,
    billingReason: bill.billingReason,
    collectionMethod: subscription.collection_method,
    currency: subscription.currency,
    customer: subscription.customer,
    daysUntilDue: subscription.days_until_due,
    description: subscription.description,
    discounts: running(subscription.discounts),
    lines: bill.lines.map((line) => ({ ...line, discounts: running(line.discounts) })),
    metadata: {},
    period: bill.period ?? { start: now, end: now },
    subscription: subscription.id,
  });
}

/**
 * Bills what a change of a subscription costs, by a draft that goes on in an
 * hour unless somebody collects it. `id` is the `latest_invoice` that the
 * subscription names already.
 */
export function billChange(
  context: Context,
  subscription: Subscription,
  id: string,
  lines: readonly LineDraft[],
): Invoice {
  return draftSubscriptionInvoice(context, subscription, {
    id,
    autoAdvance: true,
    billingReason: 'subscription_update',
    lines,
  });
}

/** A discount that ends now does not reduce what is billed now. */
function runs(context: Context, discount: string): boolean {
  const { end } = context.store.must('discount', discount);
  return end === null || end > context.now();
}

/** Takes from a subscription and its items the discounts that an invoice has used up. */
export function useUpDiscounts(context: Context, id: string): Subscription {
  const subscription = context.store.must('subscription', id);
  const items = subscription.items.data.map((item) => ({
    ...item,
    discounts: discountsLeft(context, item.discounts),
  }));
  const patch = { discounts: discountsLeft(context, subscription.discounts), items: itemList(id, items) };
  return change(context, subscription, patch, 'customer.subscription.updated');
}
