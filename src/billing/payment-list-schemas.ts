import { z } from 'zod';
import { customerReference, currencyCode, pageLimit, timestamp, uuid } from '../core/schema.ts';

const minorUnits = z.int().min(0);

export const paymentsQuery = z.strictObject({
  customer: customerReference.optional(),
  limit: pageLimit.default(20).meta({ description: 'Payments on a page, 1 to 100.' }),
  cursor: z
    .string()
    .max(200)
    .optional()
    .meta({ description: '`next_cursor` of the page before, unchanged.' }),
});
export type PaymentsQuery = z.output<typeof paymentsQuery>;

const payment = z
  .strictObject({
    id: uuid,
    kind: z.enum(['plan', 'package']),
    name: z.string().meta({ description: 'Of what was bought.' }),
    amount: minorUnits,
    currency: currencyCode,
    refunded: minorUnits.meta({ description: 'Minor units of it that were paid back; credits follow.' }),
    disputed: minorUnits.meta({
      description: 'Minor units of it that the bank holds back, or has taken, because it is disputed.',
    }),
    dispute_status: z.string().nullable().meta({
      description: 'Of the newest dispute, in Stripe’s words: `needs_response`, `won`, `lost`, …',
    }),
    paid_at: timestamp,
    period_start: timestamp
      .nullable()
      .meta({ description: 'What a plan was paid for, from then on; null for a package.' }),
    period_end: timestamp.nullable(),
  })
  .meta({ id: 'Payment', description: 'Money that arrived, and what of it went back.' });

export const paymentsAnswer = z.strictObject({
  success: z.literal(true),
  payments: z.array(payment),
  count: z.int().meta({ description: 'Payments on this page.' }),
  next_cursor: z.string().nullable().meta({ description: 'Null on the last page.' }),
});
