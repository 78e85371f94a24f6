import { z } from 'zod';
import { customerReference, itemKey, text, timestamp, uuid } from '../core/schema.ts';
import { usageDetails } from './details.ts';
import { creditTransaction, signedCredits } from './schemas.ts';
import { creditLotKinds, creditLotSources } from './lot-kinds.ts';

const maximumCredits = 1_000_000_000_000;

/** What credits are used for, in a request to spend or to reserve some. */
export const usage = {
  operation_type: itemKey.optional().meta({ description: 'Costs what `GET /credits/costs` says.' }),
  amount: z
    .int()
    .min(1)
    .max(maximumCredits)
    .optional()
    .meta({ description: 'Credits, where no operation is named.' }),
  quantity: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(1)
    .meta({ description: 'How many uses: what one takes, times this.' }),
  customer: customerReference.optional(),
  details: usageDetails.optional(),
  description: text(200).optional().meta({ description: 'For people; the operation’s name when absent.' }),
};

interface Named {
  readonly operation_type?: string | undefined;
  readonly amount?: number | undefined;
  readonly quantity: number;
}

/** Names what is used, and at most as much as a number holds exactly. */
export function checkUsage({ operation_type, amount, quantity }: Named, context: z.RefinementCtx): void {
  const refuse = (member: string, message: string) =>
    context.addIssue({ code: 'custom', path: [member], message });
  if (operation_type === undefined && amount === undefined) {
    refuse('operation_type', 'give either `operation_type` or `amount`');
  } else if (operation_type !== undefined && amount !== undefined) {
    refuse('amount', 'give either `operation_type` or `amount`, and not both');
  } else if ((amount ?? 0) * quantity > maximumCredits) {
    refuse('quantity', `amount × quantity must be at most ${maximumCredits}`);
  }
}

export const spendBody = z.strictObject(usage).superRefine(checkUsage);
export type Usage = z.output<typeof spendBody>;

export const accountState = z
  .strictObject({
    balance: signedCredits,
    available: z.int().min(0).meta({ description: 'What can be spent now: the balance less what is held.' }),
    held: z.int().min(0).meta({ description: 'Reserved by active holds.' }),
    debt: z
      .int()
      .min(0)
      .meta({ description: 'Taken back beyond what was there: the next credits repay it.' }),
  })
  .meta({ id: 'CreditAccount', description: 'A customer’s credits right after the request.' });

export const transactionLot = z.strictObject({
  lot_id: uuid,
  kind: z.enum(creditLotKinds),
  source: z.enum(creditLotSources),
  amount: signedCredits,
  expires_at: timestamp.nullable(),
});

export const transactionWithLots = creditTransaction
  .extend({
    lots: z.array(transactionLot).meta({ description: 'Which lots paid, soonest expiry first.' }),
  })
  .meta({
    id: 'CreditTransactionWithLots',
    description: 'An entry of the ledger, and the lots that it moved.',
  });

export const spendAnswer = z.strictObject({
  success: z.literal(true),
  transaction: transactionWithLots,
  credits: accountState,
});
