import { z } from 'zod';
import { creditAmount, customerReference, pageLimit, timestamp, uuid } from '../core/schema.ts';
import { creditHolds } from './hold-tables.ts';
import { accountState, checkUsage, transactionWithLots, usage } from './spending-schemas.ts';

export const holdBody = z
  .strictObject({
    ...usage,
    expires_in_seconds: z.int().min(10).max(604_800).default(900).meta({
      description: 'When the hold ends by itself, 10 seconds to 7 days from now.',
    }),
  })
  .superRefine(checkUsage);

export const captureBody = z.strictObject({
  amount: creditAmount.optional().meta({ description: 'What was used; all that is held when absent.' }),
  customer: customerReference.optional(),
});

export const releaseBody = z.strictObject({ customer: customerReference.optional() });

export const holdParameters = z.object({ id: uuid });
export const holdQuery = z.strictObject({ customer: customerReference.optional() });

export const holdsQuery = z.strictObject({
  status: z.enum(creditHolds.status.enumValues).optional(),
  limit: pageLimit.default(20).meta({ description: 'Holds on a page, 1 to 100.' }),
  cursor: z
    .string()
    .max(200)
    .optional()
    .meta({ description: '`next_cursor` of the page before, unchanged.' }),
  customer: customerReference.optional(),
});
export type HoldsQuery = z.output<typeof holdsQuery>;

export const hold = z
  .strictObject({
    id: uuid,
    amount: creditAmount.meta({ description: 'What is, or was, reserved.' }),
    status: z.enum(creditHolds.status.enumValues),
    captured: creditAmount.nullable().meta({ description: 'What was taken of it; null unless captured.' }),
    operation_type: z.string().nullable(),
    operation_details: z.record(z.string(), z.unknown()).nullable(),
    description: z.string(),
    expires_at: timestamp,
    created_at: timestamp,
    settled_at: timestamp.nullable().meta({ description: 'When its credits were taken or given back.' }),
  })
  .meta({ id: 'Hold', description: 'Credits reserved for work whose cost is not known yet.' });

export const holdAnswer = z.strictObject({ success: z.literal(true), hold });
export const heldAnswer = z.strictObject({ success: z.literal(true), hold, credits: accountState });
export const captureAnswer = z.strictObject({
  success: z.literal(true),
  hold,
  transaction: transactionWithLots,
  credits: accountState,
});
export const holdsAnswer = z.strictObject({
  success: z.literal(true),
  holds: z.array(hold),
  count: z.int().meta({ description: 'Holds on this page.' }),
  next_cursor: z.string().nullable().meta({ description: 'Null on the last page.' }),
});
