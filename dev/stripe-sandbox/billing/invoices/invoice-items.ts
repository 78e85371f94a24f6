import { newInvoiceItem, type NewInvoiceItem } from '../../objects/invoice-item.ts';
import { newLine, type Line, type LineDraft } from '../../objects/invoice-line.ts';
import { add, change, type Context } from '../../state/context.ts';
import type { DeletedObject } from '../../state/store.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { settleCurrency } from './customer-currency.ts';
import { withTotals } from './invoice-totals.ts';

type Invoice = ObjectTypes['invoice'];
type InvoiceItem = ObjectTypes['invoiceitem'];

/** Keeps something to bill, on a draft or on the next invoice (`invoiceitem.created`). */
export function addInvoiceItem(context: Context, wanted: NewInvoiceItem): InvoiceItem {
  const item = add(context, newInvoiceItem(context, wanted), 'invoiceitem.created');
  settleCurrency(context, item.customer, item.currency);
  return item;
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
    .filter((item) => isWanted(subscriptionOfItem(item)))
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

/** Puts the item's line on a draft, in the place of the one it had or as the last (`invoice.updated`). */
export function placeItem(context: Context, invoice: Invoice, item: InvoiceItem): void {
  const line = newLine(lineDraftOf(context, item), invoice.id, subscriptionOfItem(item));
  const before = invoice.lines.data.find((one) => itemOf(one) === item.id);
  const lines = before
    ? invoice.lines.data.map((one) => (one === before ? { ...line, id: before.id } : one))
    : [...invoice.lines.data, line];
  changeLines(context, invoice, lines);
}

/** Takes the item's line from a draft (`invoice.updated`). */
function removeItem(context: Context, invoice: Invoice, item: InvoiceItem): void {
  changeLines(
    context,
    invoice,
    invoice.lines.data.filter((line) => itemOf(line) !== item.id),
  );
}

/** Nobody is to pay for an item any more (`invoiceitem.deleted`). */
export function deleteItem(context: Context, item: InvoiceItem): DeletedObject {
  context.events.emit(context, 'invoiceitem.deleted', item);
  if (item.invoice !== null) removeItem(context, context.store.must('invoice', item.invoice), item);
  return context.store.delete(item);
}

/** The items of a draft that goes away wait for another invoice, unless there can be none. */
export function releaseItems(context: Context, invoice: Invoice): void {
  const isOver = !context.store.get('customer', invoice.customer ?? '');
  for (const item of context.store.all('invoiceitem')) {
    if (item.invoice !== invoice.id) continue;
    const released = change(context, item, { invoice: null });
    if (isOver) deleteItem(context, released);
  }
}

function changeLines(context: Context, invoice: Invoice, data: Line[]): void {
  const redrafted = withTotals(context, { ...invoice, lines: { ...invoice.lines, data } });
  change(context, invoice, redrafted, 'invoice.updated');
}

function itemOf({ parent }: Line): string | null {
  return (
    parent?.invoice_item_details?.invoice_item ?? parent?.subscription_item_details?.invoice_item ?? null
  );
}

/** The subscription that an item belongs to; null: none. */
export function subscriptionOfItem(item: InvoiceItem): string | null {
  return item.parent?.subscription_details?.subscription ?? null;
}
