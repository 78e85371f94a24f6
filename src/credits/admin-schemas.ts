import { z } from 'zod';
import { customerName, instant, text, uuid } from '../core/schema.ts';
import { accountState, transactionWithLots } from './spending-schemas.ts';

/** Requests and answers of /admin/customers/{id}/credits. */

const maximumCredits = 1_000_000_000;
const credits = z.int().min(1).max(maximumCredits);
const reason = text(500).meta({ description: 'Why: kept in the ledger, and shown with the entry.' });

export const customerParameters = z.object({ id: customerName });

export const grantBody = z
  .strictObject({
    credits,
    reason,
    expires_at: instant.optional().meta({ description: 'When what is left of them goes; absent: never.' }),
    description: text(200).optional().meta({ description: 'For the customer; “Granted” when absent.' }),
  })
  .meta({ id: 'CreditGrant' });

export const adjustBody = z
  .strictObject({
    credits: z
      .int()
      .min(-maximumCredits)
      .max(maximumCredits)
      .refine((value) => value !== 0, 'must not be 0')
      .meta({ description: 'What to add, or, below zero, to take.' }),
    reason,
  })
  .meta({ id: 'CreditAdjustment' });

export const clawBackBody = z
  .strictObject({
    credits,
    reason,
    lot_id: uuid.optional().meta({ description: 'The lot to take from first.' }),
  })
  .meta({ id: 'CreditClawBack' });

export const movementAnswer = z.strictObject({
  success: z.literal(true),
  transaction: transactionWithLots,
  credits: accountState,
});
