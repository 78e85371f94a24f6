import { z } from 'zod';
import { customerReference, instant, itemKey, pageLimit, uuid } from '../core/schema.ts';
import { hold } from './hold-schemas.ts';
import { creditTransaction, signedCredits } from './schemas.ts';
import { transactionLot } from './spending-schemas.ts';
import { transactionTypes } from './transaction-types.ts';

export const historyQuery = z.strictObject({
  limit: pageLimit.default(20).meta({ description: 'Entries on a page, 1 to 100.' }),
  cursor: z
    .string()
    .max(100)
    .optional()
    .meta({ description: '`next_cursor` of the page before, unchanged.' }),
  transaction_type: z.enum(transactionTypes).optional(),
  operation_type: itemKey.optional(),
  from: instant.optional().meta({ description: 'Made then or later.' }),
  to: instant.optional().meta({ description: 'Made before then.' }),
  customer: customerReference.optional(),
});
export type HistoryQuery = z.output<typeof historyQuery>;

const debtChange = signedCredits.meta({
  description: 'What the debt changed by: above zero where more was taken back than was there.',
});

const historyEntry = creditTransaction
  .extend({ debt_change: debtChange })
  .meta({ id: 'CreditHistoryEntry', description: 'One entry of the append-only ledger.' });

export const historyAnswer = z.strictObject({
  success: z.literal(true),
  transactions: z.array(historyEntry),
  count: z.int().meta({ description: 'Entries on this page.' }),
  next_cursor: z.string().nullable().meta({ description: 'Null on the last page.' }),
});

export const transactionParameters = z.object({ id: uuid });
export const transactionQuery = z.strictObject({ customer: customerReference.optional() });

export const transactionDetail = creditTransaction
  .extend({
    debt_change: debtChange,
    lots: z
      .array(
        transactionLot.extend({
          offer: z
            .strictObject({
              item_type: z.enum(['plan', 'package']),
              item_key: itemKey,
              name: z.string(),
              price_id: z.string().nullable(),
            })
            .nullable()
            .meta({ description: 'What was sold; null for credits that nobody bought.' }),
          payment: z
            .strictObject({
              payment_intent_id: z.string().nullable(),
              invoice_id: z.string().nullable(),
            })
            .nullable()
            .meta({ description: 'What paid for it, at Stripe.' }),
        }),
      )
      .meta({ description: 'Lots that paid (below zero) or were filled, soonest expiry first.' }),
    hold: hold.nullable().meta({ description: 'The hold that was captured, or whose end led to it.' }),
    caused_by: z.strictObject({
      actor: z.string().meta({ description: 'Who did it: `role:subject`, or `system:…`.' }),
      event_id: z.string().nullable().meta({ description: 'The event of Stripe that led to it.' }),
      reason: z.string().nullable(),
      source_ref: z.string().meta({ description: 'The one fact or request that this entry is of.' }),
    }),
  })
  .meta({ id: 'CreditTransactionDetail', description: 'An entry of the ledger, and what explains it.' });

export const transactionAnswer = z.strictObject({
  success: z.literal(true),
  transaction: transactionDetail,
});
