import { z } from 'zod';
import { customerReference, currencyCode, itemKey, pageLimit, timestamp } from '../core/schema.ts';

/** Minor units: what one period costs, for all of the quantity. */
const periodAmount = z.int().min(0).meta({ description: 'What a period costs, in minor units.' });
const stripePriceId = z
  .string()
  .nullable()
  .meta({ description: 'The Price of Stripe; null: not there yet.' });

const pause = z
  .strictObject({ behavior: z.string(), resumes_at: timestamp.nullable() })
  .meta({ description: 'Its invoices are not collected for now; what becomes of them, in Stripe’s word.' });

const nextPlan = z
  .strictObject({
    plan: itemKey,
    plan_name: z.string(),
    price_id: stripePriceId,
    amount: periodAmount,
    at: timestamp,
  })
  .meta({ description: 'What the subscription changes to by itself.' });

export const paymentStatus = z
  .strictObject({
    plan: itemKey.nullable().meta({
      description: 'The plan of the subscription that goes on, or that is paid for a while longer.',
    }),
    plan_name: z.string().nullable(),
    subscription_status: z.string().meta({
      description:
        'Stripe’s word: `active`, `trialing`, `past_due`, `unpaid`, `paused`, `incomplete`, `incomplete_expired`, ' +
        '`canceled`, and what Stripe adds. `pending`: a checkout is complete and its subscription not known yet. ' +
        '`none`: there never was one.',
      examples: ['active', 'past_due', 'canceled', 'pending', 'none'],
    }),
    has_paid: z.boolean().meta({ description: 'Whether any money of this customer ever arrived.' }),
    subscription_started_at: timestamp.nullable(),
    subscription_ends_at: timestamp
      .nullable()
      .meta({ description: 'The end of the period that is paid for.' }),
    stripe_subscription_id: z.string().nullable().meta({
      description: 'The subscription that all members from here on are about; null: none is known.',
    }),
    price_id: stripePriceId,
    amount: periodAmount.nullable(),
    currency: currencyCode.nullable(),
    interval: z.enum(['month', 'year']).nullable(),
    quantity: z.int().nullable(),
    current_period_start: timestamp.nullable(),
    current_period_end: timestamp.nullable(),
    cancel_at_period_end: z.boolean(),
    cancel_at: timestamp.nullable(),
    canceled_at: timestamp.nullable().meta({ description: 'When the cancellation was asked for.' }),
    ended_at: timestamp.nullable(),
    trial_start: timestamp.nullable(),
    trial_end: timestamp.nullable(),
    past_due: z.boolean().meta({ description: 'A renewal is not paid, and its payment is tried again.' }),
    paused: pause.nullable(),
    next_plan: nextPlan.nullable(),
  })
  .meta({ id: 'PaymentStatus' });

export const paymentStatusAnswer = z.strictObject({
  success: z.literal(true),
  payment_status: paymentStatus,
});

/** What else a client of old puts there is ignored. */
export const statusQuery = z.object({ customer: customerReference.optional() });

export const statusHistoryQuery = z.strictObject({
  customer: customerReference.optional(),
  limit: pageLimit.default(20).meta({ description: 'Entries on a page, 1 to 100.' }),
  cursor: z
    .string()
    .max(100)
    .optional()
    .meta({ description: '`next_cursor` of the page before, unchanged.' }),
});
export type StatusHistoryQuery = z.output<typeof statusHistoryQuery>;

const offer = z
  .strictObject({ plan: itemKey, price_id: z.string().nullable(), amount: periodAmount })
  .meta({ id: 'SubscribedOffer', description: 'A plan and its price, for a quantity of one.' });

function change<Value extends z.ZodType>(value: Value) {
  return z.strictObject({ from: value.nullable(), to: value.nullable() }).optional();
}

/** By the names of the columns, but for the two offers, which are shown whole. */
export const subscriptionChanges = z
  .strictObject({
    status: change(z.string()),
    offer: change(offer),
    quantity: change(z.int()),
    started_at: change(timestamp),
    current_period_start: change(timestamp),
    current_period_end: change(timestamp),
    cancel_at_period_end: change(z.boolean()),
    cancel_at: change(timestamp),
    canceled_at: change(timestamp),
    ended_at: change(timestamp),
    trial_start: change(timestamp),
    trial_end: change(timestamp),
    pause_behavior: change(z.string()),
    pause_resumes_at: change(timestamp),
    next_offer: change(offer),
    next_offer_at: change(timestamp),
  })
  .meta({ description: 'The members that changed; of a new subscription all that it has, `from` null.' });

export const statusHistory = z.strictObject({
  success: z.literal(true),
  history: z.array(
    z
      .strictObject({
        id: z.int(),
        stripe_subscription_id: z.string(),
        changes: subscriptionChanges,
        event_id: z.string().nullable().meta({ description: 'The event of Stripe that told of it.' }),
        changed_at: timestamp,
      })
      .meta({ id: 'SubscriptionChange' }),
  ),
  next_cursor: z.string().nullable().meta({ description: 'Null on the last page.' }),
});
