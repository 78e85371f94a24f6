import { z } from 'zod';
import { customerReference, currencyCode, pageLimit, timestamp } from '../core/schema.ts';

export const invoicesQuery = z.strictObject({
  customer: customerReference.optional(),
  limit: pageLimit.default(20).meta({ description: 'Invoices on a page, 1 to 100.' }),
  cursor: z
    .string()
    .max(500)
    .optional()
    .meta({ description: '`next_cursor` of the page before, for the next one.' }),
});
export type InvoicesQuery = z.output<typeof invoicesQuery>;

const amount = z.int().meta({ description: 'Minor units of the currency.' });

const invoiceLine = z.strictObject({
  description: z.string().nullable(),
  amount: amount.meta({ description: 'Before discounts; below zero for what is given back.' }),
  quantity: z.int(),
  period_start: timestamp,
  period_end: timestamp,
});

export const invoice = z
  .strictObject({
    id: z.string(),
    number: z.string().nullable().meta({ description: 'Null for a draft.' }),
    status: z.string().nullable().meta({ description: 'Stripe’s word: `draft`, `open`, `paid`, `void`, …' }),
    currency: currencyCode,
    total: amount,
    amount_due: amount,
    amount_paid: amount,
    period_start: timestamp.nullable().meta({ description: 'Of the time that its lines bill.' }),
    period_end: timestamp.nullable(),
    hosted_invoice_url: z.url().nullable().meta({ description: 'Where it is shown, and paid while open.' }),
    invoice_pdf: z.url().nullable(),
    lines: z.array(invoiceLine).meta({ description: 'The first ten.' }),
    created_at: timestamp,
  })
  .meta({ id: 'Invoice' });

export const invoicesAnswer = z.strictObject({
  success: z.literal(true),
  invoices: z.array(invoice),
  count: z.int(),
  next_cursor: z.string().nullable(),
});
