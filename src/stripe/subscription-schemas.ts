import { z } from 'zod';
import { id, moment, reference } from './members.ts';

/**
 * What changes a subscription by itself at later instants. One that is over has let go of its subscription.
 * https://docs.stripe.com/api/subscription_schedules/object
 */
const schedule = z
  .object({
    id,
    current_phase: z.object({ end_date: moment }).nullable(),
    phases: z.array(z.object({ start_date: moment, items: z.array(z.object({ price: reference })) })),
  })
  .transform(({ id: scheduleId, current_phase: current, phases }) => ({
    id: scheduleId,
    laterPhases: phases
      .filter(({ start_date }) => current === null || start_date >= current.end_date)
      .map(({ start_date, items }) => ({
        startsAt: start_date,
        stripePriceIds: items.map(({ price }) => price),
      })),
  }));

const item = z
  .object({
    id,
    price: z.object({ id }),
    quantity: z.int().nullish(),
    current_period_start: moment,
    current_period_end: moment,
  })
  .transform((object) => ({
    id: object.id,
    stripePriceId: object.price.id,
    quantity: object.quantity ?? 1,
    currentPeriodStart: object.current_period_start,
    currentPeriodEnd: object.current_period_end,
  }));

/** https://docs.stripe.com/api/subscriptions/object: the periods are those of its items. */
export const subscription = z
  .object({
    id,
    customer: reference,
    status: z.string().min(1),
    items: z.object({ data: z.array(item) }),
    metadata: z.record(z.string(), z.string()),
    latest_invoice: reference.nullable(),
    billing_cycle_anchor: moment,
    start_date: moment,
    cancel_at_period_end: z.boolean(),
    cancel_at: moment.nullable(),
    canceled_at: moment.nullable(),
    ended_at: moment.nullable(),
    trial_start: moment.nullable(),
    trial_end: moment.nullable(),
    pause_collection: z.object({ behavior: z.string(), resumes_at: moment.nullable() }).nullable(),
    schedule: schedule.nullable(),
  })
  .transform((object) => ({
    id: object.id,
    stripeCustomerId: object.customer,
    /** Stripe's word; there may be new ones. */
    status: object.status,
    items: object.items.data,
    /** What the checkout that began it was called, as anybody may have written it there. */
    checkoutName: object.metadata['ratecard_checkout'] ?? null,
    latestInvoiceId: object.latest_invoice,
    billingCycleAnchor: object.billing_cycle_anchor,
    startedAt: object.start_date,
    cancelAtPeriodEnd: object.cancel_at_period_end,
    cancelAt: object.cancel_at,
    canceledAt: object.canceled_at,
    endedAt: object.ended_at,
    trialStart: object.trial_start,
    trialEnd: object.trial_end,
    /** Invoices are made and not collected; the subscription itself goes on. */
    pause: object.pause_collection && {
      behavior: object.pause_collection.behavior,
      resumesAt: object.pause_collection.resumes_at,
    },
    schedule: object.schedule,
  }));
export type Subscription = z.output<typeof subscription>;

export const scheduledSubscription = z
  .object({ subscription: reference.nullable(), released_subscription: reference.nullable() })
  .transform((object) => object.subscription ?? object.released_subscription);
