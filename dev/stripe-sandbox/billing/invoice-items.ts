import { newInvoiceItem, type NewInvoiceItem } from '../objects/invoice-item.ts';
import type { LineDraft } from '../objects/invoice-line.ts';
import { add, type Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';

type InvoiceItem = ObjectTypes['invoiceitem'];

/** Keeps something to bill, on a draft or on the next invoice (`invoiceitem.created`). */
export function addInvoiceItem(context: Context, wanted: NewInvoiceItem): InvoiceItem {
  return add(context, newInvoiceItem(context, wanted), 'invoiceitem.created');
}

/**
 * The lines that a customer's pending invoice items become, newest first, as
 * Stripe sorts them. `isWanted` says of whose items: those of a subscription or,
 * with null, those of none.
 */
export function pendingLines(
  context: Context,
  customer: string,
  currency: string,
  isWanted: (subscription: string | null) => boolean,
): LineDraft[] {
  return context.store
    .all('invoiceitem')
    .filter((item) => item.invoice === null && item.customer === customer && item.currency === currency)
    .filter((item) => isWanted(item.parent?.subscription_details?.subscription ?? null))
    .map((item) => lineDraftOf(context, item));
}

/** An invoice item as the line that it is to be. */
export function lineDraftOf(context: Context, item: InvoiceItem): LineDraft {
  const { pricing, parent } = item;
  const price = pricing?.price_details?.price;
  return {
    amount: item.amount,
    currency: item.currency,
    description: item.description,
    period: item.period,
    price: price === undefined ? null : context.store.must('price', price),
    ...(pricing?.unit_amount_decimal && { unitAmount: pricing.unit_amount_decimal }),
    quantity: item.quantity,
    subscriptionItem: parent?.subscription_details?.subscription_item ?? null,
    invoiceItem: item.id,
    proration: item.proration,
    credited: item.proration_details?.credited_items?.invoice_line_item_details ?? null,
    discountable: item.discountable,
    discounts: item.discounts ?? [],
    metadata: item.metadata ?? {},
  };
}
