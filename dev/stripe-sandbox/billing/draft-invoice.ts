import type { Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';

type Invoice = ObjectTypes['invoice'];
type Price = ObjectTypes['price'];

/** One line that is to be billed. */
export interface LineDraft {
  /** Minor units before discounts; negative for a credit. */
  readonly amount: number;
  readonly currency: string;
  readonly description: string | null;
  readonly period: { readonly start: number; readonly end: number };
  readonly price: Price | null;
  readonly quantity: number;
  /** Of a subscription item's own period, or of a proration that is billed at once. */
  readonly subscriptionItem: string | null;
  /** Of a pending invoice item, which this invoice takes up. */
  readonly invoiceItem: string | null;
  readonly proration: boolean;
  /** For a credit: the invoice and its lines that were credited. */
  readonly credited: { readonly invoice: string; readonly invoice_line_items: string[] } | null;
  readonly discountable: boolean;
  /** Ids of the line's own discounts, on top of those of the whole invoice. */
  readonly discounts: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
}

export interface InvoiceDraft {
  /** An id that was chosen before; a new one otherwise. */
  readonly id?: string;
  readonly customer: string;
  readonly subscription: string | null;
  readonly billingReason: NonNullable<Invoice['billing_reason']>;
  readonly currency: string;
  readonly lines: readonly LineDraft[];
  /** The invoice's own `period_start` and `period_end`, which look back. */
  readonly period: { readonly start: number; readonly end: number };
  /** Ids of the discounts of the whole invoice. */
  readonly discounts: readonly string[];
  /** Finalize and collect by itself, an hour from now. */
  readonly autoAdvance: boolean;
  readonly collectionMethod: 'charge_automatically' | 'send_invoice';
  readonly daysUntilDue: number | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly description: string | null;
}

/**
 * Makes a draft invoice of these lines: takes up the pending invoice items that
 * they name, applies the discounts, and tells it by `invoice.created`.
 */
export function draftInvoice(_context: Context, _draft: InvoiceDraft): Invoice {
  throw new Error('not built yet');
}
