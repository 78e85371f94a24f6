import { z } from 'zod';
import { creditAmount, customerReference, itemKey, timestamp, uuid } from '../core/schema.ts';
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

export const checkParameters = z.object({ operation_type: itemKey });

export const checkQuery = z.strictObject({
  quantity: z.coerce
    .string()
    .regex(/^[1-9][0-9]{0,6}$/)
    .transform(Number)
    .pipe(z.int().min(1).max(1_000_000))
    .default(1)
    .meta({ type: 'integer', description: 'How many uses, 1 to 1,000,000.' }),
  customer: customerReference.optional(),
});

export const checkAnswer = z.strictObject({
  success: z.literal(true),
  has_credits: z.boolean(),
  required: z.int().min(0),
  available: z.int().min(0),
  operation_type: itemKey,
});

const costs = z.record(itemKey, creditAmount);

export const costsAnswer = z.strictObject({ success: z.literal(true), costs });

/** What the cached document of the costs holds. */
export const costsDocument = z.object({ version: z.int(), costs });
export type CostsDocument = z.output<typeof costsDocument>;
