import type { Context } from '../state/context.ts';
import { newId } from '../state/ids.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { pricingOf, type LineDraft } from './invoice-line.ts';

type InvoiceItem = ObjectTypes['invoiceitem'];

export interface NewInvoiceItem {
  /** An id that was chosen before; a new one otherwise. */
  readonly id?: string;
  readonly customer: string;
  readonly subscription: string | null;
  /** The draft that it is on; null: it waits for the next one. */
  readonly invoice: string | null;
  readonly line: LineDraft;
}

/** Something to bill on this or the next invoice. */
export function newInvoiceItem(context: Context, wanted: NewInvoiceItem): InvoiceItem {
  const { line } = wanted;
  return {
    id: wanted.id ?? newId('ii_1'),
    object: 'invoiceitem',
    amount: line.amount,
    currency: line.currency,
    customer: wanted.customer,
    customer_account: null,
    date: context.now(),
    description: line.description,
    discountable: line.discountable,
    discounts: [...line.discounts],
    invoice: wanted.invoice,
    livemode: false,
    metadata: { ...line.metadata },
    parent: parentOf(wanted),
    period: { ...line.period },
    pricing: pricingOf(line),
    proration: line.proration,
    ...(line.proration && { proration_details: prorationDetails(line) }),
    quantity: line.quantity,
    quantity_decimal: String(line.quantity),
    tax_rates: [],
    test_clock: context.store.must('customer', wanted.customer).test_clock ?? null,
  };
}

function parentOf({ subscription, line }: NewInvoiceItem): InvoiceItem['parent'] {
  if (subscription === null) return null;
  return {
    subscription_details: {
      subscription,
      ...(line.subscriptionItem !== null && { subscription_item: line.subscriptionItem }),
    },
    type: 'subscription_details',
  };
}

function prorationDetails(line: LineDraft): InvoiceItem['proration_details'] & object {
  return { credited_items: creditedItems(line), discount_amounts: [] };
}

type CreditedItems = (InvoiceItem['proration_details'] & object)['credited_items'];

function creditedItems({ credited, creditedItem }: LineDraft): CreditedItems {
  if (creditedItem !== undefined) return { invoice_item: creditedItem, type: 'invoice_item' };
  return (
    credited && {
      invoice_line_item_details: {
        invoice: credited.invoice,
        invoice_line_items: [...credited.invoice_line_items],
      },
      type: 'invoice_line_items',
    }
  );
}
