import type Stripe from 'stripe';
import { z } from 'zod';
import type { Asking } from './asking.ts';
import { StripeRefusal } from './errors.ts';
import { id, moment } from './members.ts';

const line = z
  .object({
    description: z.string().nullable(),
    amount: z.int(),
    quantity: z.int().nullable(),
    period: z.object({ start: moment, end: moment }),
  })
  .transform((object) => ({
    description: object.description,
    amountMinor: object.amount,
    quantity: object.quantity ?? 1,
    periodStart: object.period.start,
    periodEnd: object.period.end,
  }));

/** https://docs.stripe.com/api/invoices/object, as its customer reads it. */
const customerInvoice = z
  .object({
    id,
    number: z.string().nullable(),
    status: z.string().nullable(),
    currency: z.string(),
    total: z.int(),
    amount_due: z.int(),
    amount_paid: z.int(),
    created: moment,
    hosted_invoice_url: z.string().nullish(),
    invoice_pdf: z.string().nullish(),
    lines: z.object({ data: z.array(line) }),
  })
  .transform((object) => ({
    id: object.id,
    number: object.number,
    status: object.status,
    currency: object.currency.toUpperCase(),
    totalMinor: object.total,
    amountDueMinor: object.amount_due,
    amountPaidMinor: object.amount_paid,
    createdAt: object.created,
    pageUrl: object.hosted_invoice_url ?? null,
    pdfUrl: object.invoice_pdf ?? null,
    /** The first ten: plans have one, changes two. */
    lines: object.lines.data,
  }));
export type CustomerInvoice = z.output<typeof customerInvoice>;

export interface InvoicePage {
  readonly invoices: readonly CustomerInvoice[];
  readonly hasMore: boolean;
}

/** Invoices as their customers read them. */
export interface StripeCustomerInvoices {
  /** Newest first, from behind the invoice `after`; undefined when Stripe knows no such invoice. */
  listInvoices(
    stripeCustomerId: string,
    limit: number,
    after: string | undefined,
  ): Promise<InvoicePage | undefined>;
}

/** The part of the gateway that lists invoices. */
export function openStripeCustomerInvoices(sdk: Stripe, { call }: Asking): StripeCustomerInvoices {
  return {
    listInvoices: async (stripeCustomerId, limit, after) => {
      const from = after === undefined ? {} : { starting_after: after };
      try {
        const page = await call(() => sdk.invoices.list({ customer: stripeCustomerId, limit, ...from }));
        return {
          invoices: page.data.map((object) => customerInvoice.parse(object)),
          hasMore: page.has_more,
        };
      } catch (error) {
        if (error instanceof StripeRefusal && error.parameter === 'starting_after') return undefined;
        throw error;
      }
    },
  };
}
