import { z } from 'zod';
import { creditAmount, itemKey, pageLimit, timestamp, uuid } from '../core/schema.ts';
import { transactionTypes } from './transaction-types.ts';

/** A number of credits that may be negative: the movement of an account, or what it stands at with debt. */
export const signedCredits = z.int();

export const creditTransaction = z
  .strictObject({
    id: uuid,
    transaction_type: z.enum(transactionTypes),
    amount: signedCredits.meta({ description: 'What the balance changed by: positive for a grant.' }),
    balance_after: signedCredits,
    operation_type: z.string().nullable(),
    operation_details: z.record(z.string(), z.unknown()).nullable(),
    quantity: z.int().nullable().meta({ description: 'How many uses of the operation, or of the amount.' }),
    description: z.string(),
    reason: z.string().nullable().meta({ description: 'Why a person did it.' }),
    created_at: timestamp,
  })
  .meta({ id: 'CreditTransaction', description: 'One entry of the append-only ledger.' });

export const historyQuery = z.strictObject({
  limit: pageLimit.default(20).meta({ description: 'Entries on a page, 1 to 100.' }),
  cursor: z
    .string()
    .max(100)
    .optional()
    .meta({ description: '`next_cursor` of the page before, unchanged.' }),
});
export type HistoryQuery = z.output<typeof historyQuery>;

export const historyAnswer = z.strictObject({
  success: z.literal(true),
  transactions: z.array(creditTransaction),
  count: z.int().meta({ description: 'Entries on this page.' }),
  next_cursor: z.string().nullable().meta({ description: 'Null on the last page.' }),
});

export const checkParameters = z.object({ operation_type: itemKey });

export const checkAnswer = z.strictObject({
  success: z.literal(true),
  has_credits: z.boolean(),
  required: creditAmount,
  available: signedCredits,
  operation_type: itemKey,
});

const costs = z.record(itemKey, creditAmount);

export const costsAnswer = z.strictObject({ success: z.literal(true), costs });

/** What the cached document of the costs holds. */
export const costsDocument = z.object({ version: z.int(), costs });
export type CostsDocument = z.output<typeof costsDocument>;
