import type Stripe from 'stripe';
import { newId } from '../state/ids.ts';
import type { ObjectTypes, Wire } from '../state/wire.ts';

type Price = ObjectTypes['price'];
export type Line = Wire<Stripe.InvoiceLineItem>;

/** One line that is to be billed. */
export interface LineDraft {
  /** Minor units before discounts; negative for a credit. */
  readonly amount: number;
  readonly currency: string;
  readonly description: string | null;
  readonly period: { readonly start: number; readonly end: number };
  readonly price: Price | null;
  /** Minor units of one, where it is not the price's; of a proration or without a price `amount / quantity`. */
  readonly unitAmount?: string;
  readonly quantity: number;
  /** Of a subscription item's own period, or of a proration that is billed at once. */
  readonly subscriptionItem: string | null;
  /** Of a pending invoice item, which this invoice takes up. A line of neither kind gets an item of its own. */
  readonly invoiceItem: string | null;
  readonly proration: boolean;
  /** For a credit: the invoice and its lines that were credited. */
  readonly credited: { readonly invoice: string; readonly invoice_line_items: string[] } | null;
  /** For a credit: the pending invoice item that was credited. */
  readonly creditedItem?: string;
  readonly discountable: boolean;
  /** Ids of the line's own discounts, on top of those of the whole invoice. */
  readonly discounts: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** The line of an invoice; what discounts take from it is not worked out yet. */
export function newLine(draft: LineDraft, invoice: string, subscription: string | null): Line {
  return {
    id: newId('il_1'),
    object: 'line_item',
    amount: draft.amount,
    currency: draft.currency,
    description: draft.description,
    discount_amounts: [],
    discountable: draft.discountable,
    discounts: [...draft.discounts],
    invoice,
    livemode: false,
    metadata: { ...draft.metadata },
    parent: parentOf(draft, subscription),
    period: { ...draft.period },
    pretax_credit_amounts: [],
    pricing: pricingOf(draft),
    quantity: draft.quantity,
    quantity_decimal: String(draft.quantity),
    subscription,
    subtotal: draft.amount,
    taxes: [],
  };
}

function parentOf(draft: LineDraft, subscription: string | null): Line['parent'] {
  const { proration, invoiceItem, subscriptionItem } = draft;
  const details = { proration, proration_details: { credited_items: draft.credited }, subscription };
  if (subscriptionItem !== null) {
    return {
      invoice_item_details: null,
      subscription_item_details: {
        invoice_item: invoiceItem,
        ...details,
        subscription_item: subscriptionItem,
      },
      type: 'subscription_item_details',
    };
  }
  if (invoiceItem === null) return null;
  return {
    invoice_item_details: { invoice_item: invoiceItem, ...details },
    subscription_item_details: null,
    type: 'invoice_item_details',
  };
}

/** Lines and invoice items show their price in the same way. */
export function pricingOf({ price, amount, quantity, proration, unitAmount }: LineDraft): Line['pricing'] {
  const part = quantity === 0 ? '0' : String(amount / quantity);
  return {
    ...(price && { price_details: { price: price.id, product: price.product } }),
    type: 'price_details',
    unit_amount_decimal: unitAmount ?? (price && !proration ? price.unit_amount_decimal : part),
  };
}
