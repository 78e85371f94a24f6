import { newInvoice, type InvoiceDraft } from '../../objects/invoice.ts';
import { newLine, type Line, type LineDraft } from '../../objects/invoice-line.ts';
import { add, change, type Context } from '../../state/context.ts';
import { newId } from '../../state/ids.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { settleCurrency } from './customer-currency.ts';
import { addInvoiceItem, subscriptionOfItem } from './invoice-items.ts';
import { withTotals } from './invoice-totals.ts';

type Invoice = ObjectTypes['invoice'];

/**
 * Makes a draft invoice of these lines: takes up the pending invoice items that
 * they name, applies the discounts, and tells it by `invoice.created`. The
 * customer's first invoice settles the customer's currency (`customer.updated`).
 */
export function draftInvoice(context: Context, draft: InvoiceDraft): Invoice {
  const id = draft.id ?? newId('in_1');
  const lines = draft.lines.map((line) => lineOf(context, { ...draft, id }, line));
  const autoAdvance = draft.autoAdvance && !keepsDrafts(context, draft.subscription);
  const plain = newInvoice(context, { ...draft, id, autoAdvance }, lines);
  const invoice = add(context, withTotals(context, plain), 'invoice.created');
  settleCurrency(context, draft.customer, draft.currency);
  return invoice;
}

/** A subscription whose invoices wait for somebody: it is paused so, or nobody has paid the last ones. */
export function keepsDrafts(context: Context, subscription: string | null): boolean {
  if (subscription === null) return false;
  const { pause_collection: pause, status } = context.store.must('subscription', subscription);
  return status === 'unpaid' || pause?.behavior === 'keep_as_draft';
}

/** The line of a draft: it takes up the invoice item it names, or gets one if it is of no subscription item. */
function lineOf(context: Context, draft: InvoiceDraft & { readonly id: string }, line: LineDraft): Line {
  if (line.invoiceItem !== null) {
    const item = context.store.must('invoiceitem', line.invoiceItem);
    change(context, item, { invoice: draft.id });
    return newLine(line, draft.id, subscriptionOfItem(item));
  }
  if (line.subscriptionItem !== null) return newLine(line, draft.id, draft.subscription);
  const { customer, subscription } = draft;
  const item = addInvoiceItem(context, { customer, subscription, invoice: draft.id, line });
  return newLine({ ...line, invoiceItem: item.id }, draft.id, subscription);
}
