import { z } from 'zod';
import { itemKey, text, timestamp } from '../core/schema.ts';

/** Requests and answers of /admin/credits/costs. */

const success = z.literal(true);
const credits = z.int().min(0).max(1_000_000_000).meta({ description: 'For one use of the operation.' });

export const costParameters = z.strictObject({ operation_type: itemKey });

export const costBody = z
  .strictObject({
    credits,
    reason: text(500).optional().meta({ description: 'Kept in the history.' }),
  })
  .meta({ id: 'CostChange' });

export const costQuery = z.strictObject({
  dry_run: z
    .enum(['1', 'true', '0', 'false'])
    .transform((value) => value === '1' || value === 'true')
    .default(false)
    .meta({
      type: 'string',
      description: '`1` or `true`: answer what would change, and change nothing.',
    }),
});

export const noQuery = z.strictObject({});

const cost = z
  .strictObject({
    operation_type: itemKey,
    credits,
    version: z.int().meta({ description: 'Counts up with every change; `If-Match` compares it.' }),
    updated_at: timestamp,
  })
  .meta({ id: 'Cost', description: 'What one use of an operation costs.' });

const dryRun = {
  dry_run: z.literal(true).optional(),
  changes: z
    .array(z.strictObject({ field: z.string(), old_value: z.unknown(), new_value: z.unknown() }))
    .optional(),
};

export const adminCostsAnswer = z.strictObject({ success, costs: z.array(cost) });

export const costAnswer = z.strictObject({
  success,
  cost: cost.nullable().meta({ description: 'Null on the dry run of a new one.' }),
  ...dryRun,
});

export const costDeletedAnswer = z.strictObject({ success, operation_type: itemKey, ...dryRun });
