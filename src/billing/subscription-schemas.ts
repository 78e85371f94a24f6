import { z } from 'zod';
import { itemKey, timestamp } from '../core/schema.ts';

/** What every change of a subscription answers. */
export const subscriptionSummary = z
  .strictObject({
    plan: itemKey,
    plan_name: z.string(),
    status: z.string().meta({ description: 'Stripe’s word, such as `active`, `trialing`, `past_due`.' }),
    current_period_end: timestamp,
    cancel_at_period_end: z.boolean(),
    ends_at: timestamp.nullable().meta({ description: 'When it ends, or ended; null: it goes on.' }),
    next_plan: itemKey.nullable().meta({ description: 'The plan that takes its place at renewal.' }),
    next_plan_at: timestamp.nullable(),
  })
  .meta({ id: 'Subscription' });

export const subscriptionAnswer = z.strictObject({
  success: z.literal(true),
  subscription: subscriptionSummary,
});

export const emptyBody = z.strictObject({});
