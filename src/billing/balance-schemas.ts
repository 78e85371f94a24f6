import { z } from 'zod';
import { creditAmount, customerReference, timestamp, uuid } from '../core/schema.ts';
import { creditHold, creditLotKinds, creditLotSources } from '../credits/index.ts';

export const balanceQuery = z.strictObject({ customer: customerReference.optional() });

const creditLot = z
  .strictObject({
    id: uuid,
    kind: z.enum(creditLotKinds),
    source: z.enum(creditLotSources).meta({ description: 'What granted it.' }),
    name: z.string().nullable().meta({ description: 'The plan or package that was sold; null: none was.' }),
    granted: creditAmount,
    remaining: creditAmount,
    held: creditAmount.meta({ description: 'The part of what remains that is reserved by holds.' }),
    expires_at: timestamp.nullable(),
    renews: z.boolean().meta({
      description:
        'A plan’s credits that wait for its next grant at `expires_at`, and roll over then up to the plan’s cap.',
    }),
    created_at: timestamp,
  })
  .meta({ id: 'CreditLot', description: 'One grant, and what is left of it.' });

const upcoming = z.strictObject({ at: timestamp, credits: creditAmount }).nullable();

export const creditBalance = z
  .strictObject({
    balance: z.int().meta({ description: 'What the lots have left, less the debt.' }),
    monthly_allocation: creditAmount.meta({
      description: 'Credits a month of the active plan as it was sold.',
    }),
    total_used: creditAmount,
    total_purchased: creditAmount,
    last_reset: timestamp.nullable().meta({ description: 'When a plan last granted a month’s credits.' }),
    percentage_used: z.number().min(0).max(100).meta({
      description: 'How much was used since then, in percent of the monthly allocation.',
    }),
    warning_threshold: z.boolean().meta({
      description: 'True when less than a fifth of the monthly allocation is available.',
    }),
    available: creditAmount.meta({ description: 'What can be spent now: the balance less what is held.' }),
    held: creditAmount.meta({ description: 'Reserved by active holds.' }),
    debt: creditAmount.meta({ description: 'Taken back beyond what was there: the next credits repay it.' }),
    lots: z.array(creditLot).meta({ description: 'Lots with credits left, in the order in which they pay.' }),
    holds: z.array(creditHold).meta({ description: 'Active ones, the oldest first.' }),
    next_grant: upcoming.meta({
      description: 'The next credits that a plan grants, as it is sold and scheduled now.',
    }),
    next_expiry: upcoming.meta({
      description:
        'When the next unspent credits go, and how many: at the end of a lot, or above a plan’s rollover cap at its next grant.',
    }),
  })
  .meta({ id: 'CreditBalance' });

export const balanceAnswer = z.strictObject({ success: z.literal(true), credits: creditBalance });
