import { z } from 'zod';
import { customerReference, creditAmount, currencyCode, itemKey, timestamp } from '../core/schema.ts';
import { quotedPrice } from './schemas.ts';

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

export const emptyBody = z.strictObject({ customer: customerReference.optional() });

const change = {
  plan: itemKey,
  price_id: quotedPrice,
  customer: customerReference.optional(),
};

export const previewChangeBody = z.strictObject(change).meta({ id: 'PreviewPlanChange' });

export const changePlanBody = z
  .strictObject({
    ...change,
    proration_date: timestamp.nullish().meta({
      description:
        'That of a preview, at most an hour old: charges and grants what the preview told. Without it, what is ' +
        'right at the instant of the change.',
    }),
  })
  .meta({ id: 'ChangePlan' });
export type ChangePlanInput = z.output<typeof changePlanBody>;

const changed = {
  plan: itemKey,
  effective: z.enum(['now', 'at_renewal']),
  effective_at: timestamp,
  price_id: z.string(),
  currency: currencyCode,
  credits_per_month: creditAmount,
};

export const changePreview = z
  .strictObject({
    ...changed,
    proration_date: timestamp.nullable().meta({
      description: 'Send it with the change to fix the amounts. Null where nothing is prorated.',
    }),
    amount_due: z.int().meta({
      description:
        'Minor units that are charged now; below zero, what is put to the customer’s credit balance.',
    }),
    next_amount: z.int().meta({ description: 'Minor units of each period from the next renewal on.' }),
    credits_now: z.int().meta({ description: 'The prorated difference, granted once it is paid.' }),
  })
  .meta({ id: 'PlanChangePreview' });

export const changePreviewAnswer = z.strictObject({ success: z.literal(true), preview: changePreview });

export const planChange = z.strictObject(changed).meta({ id: 'SubscriptionPlanChange' });

export const changePlanAnswer = z.strictObject({
  success: z.literal(true),
  change: planChange,
  subscription: subscriptionSummary,
});
