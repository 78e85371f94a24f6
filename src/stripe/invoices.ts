import type Stripe from 'stripe';
import type { Asking } from './asking.ts';
import { invoice, invoiceLine, type Invoice } from './invoice-schemas.ts';

/** More lines than any invoice of Stripe's has. */
const linesAtMost = 10_000;

/** Invoices, as Stripe has them now. */
export interface StripeInvoices {
  /** With all of its lines, and what paid it; undefined when this account has no such invoice. */
  findInvoice(invoiceId: string): Promise<Invoice | undefined>;
}

/** The part of the gateway that is about invoices. */
export function openStripeInvoices(sdk: Stripe, { call, find }: Asking): StripeInvoices {
  return {
    findInvoice: async (invoiceId) => {
      const found = await find(() => sdk.invoices.retrieve(invoiceId, { expand: ['payments'] }));
      if (found === undefined) return undefined;
      const { hasMoreLines, ...shown } = invoice.parse(found);
      if (!hasMoreLines) return shown;
      const pages = () => sdk.invoices.listLineItems(invoiceId, { limit: 100 });
      const lines = await call(() => pages().autoPagingToArray({ limit: linesAtMost }));
      return { ...shown, lines: lines.map((line) => invoiceLine.parse(line)) };
    },
  };
}
