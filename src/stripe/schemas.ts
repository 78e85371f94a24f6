import { z } from 'zod';

/** What Ratecard reads of Stripe's objects, checked; everything else of them is left alone. */

const id = z.string().min(1);

/** A reference comes as an id, or as the object itself where it was expanded. */
const reference = z.union([id, z.object({ id }).transform((object) => object.id)]);

/** Up to the end of the year 9999, the last that ISO 8601 writes in four digits. */
const moment = z
  .int()
  .min(0)
  .max(253_402_300_799)
  .transform((seconds) => new Date(seconds * 1000));

/** https://docs.stripe.com/api/checkout/sessions/object */
export const checkoutSession = z
  .object({
    id,
    mode: z.string(),
    status: z.string().nullable(),
    payment_status: z.string(),
    customer: reference.nullable(),
    client_reference_id: z.string().nullable(),
    amount_total: z.int().nullable(),
    currency: z.string().nullable(),
    payment_intent: reference.nullable(),
    subscription: reference.nullable(),
    /** Absent from a session that sells nothing, such as one in setup mode. */
    line_items: z
      .object({
        data: z.array(z.object({ price: z.object({ id }).nullable(), quantity: z.int().nullable() })),
      })
      .nullish(),
  })
  .transform((session) => ({
    id: session.id,
    mode: session.mode,
    status: session.status,
    paymentStatus: session.payment_status,
    stripeCustomerId: session.customer,
    clientReferenceId: session.client_reference_id,
    amountMinor: session.amount_total ?? 0,
    currency: session.currency?.toUpperCase() ?? null,
    paymentIntentId: session.payment_intent,
    subscriptionId: session.subscription,
    lines: (session.line_items?.data ?? []).map((line) => ({
      stripePriceId: line.price?.id ?? null,
      quantity: line.quantity ?? 1,
    })),
  }));
export type CheckoutSession = z.output<typeof checkoutSession>;

const lineOrigin = z.object({ proration: z.boolean() }).nullish();

/** https://docs.stripe.com/api/invoices/object: a line's own period is the one that was paid for. */
export const invoice = z
  .object({
    id,
    status: z.string().nullable(),
    billing_reason: z.string().nullable(),
    customer: reference.nullable(),
    currency: z.string(),
    amount_paid: z.int(),
    created: moment,
    status_transitions: z.object({ paid_at: moment.nullable() }),
    parent: z.object({ subscription_details: z.object({ subscription: reference }).nullish() }).nullable(),
    lines: z.object({
      data: z.array(
        z.object({
          id,
          amount: z.int(),
          quantity: z.int().nullable(),
          period: z.object({ start: moment, end: moment }),
          parent: z
            .object({ subscription_item_details: lineOrigin, invoice_item_details: lineOrigin })
            .nullish(),
          pricing: z.object({ price_details: z.object({ price: reference }).nullish() }).nullable(),
        }),
      ),
    }),
  })
  .transform((object) => ({
    id: object.id,
    status: object.status,
    billingReason: object.billing_reason,
    stripeCustomerId: object.customer,
    subscriptionId: object.parent?.subscription_details?.subscription ?? null,
    currency: object.currency.toUpperCase(),
    amountPaidMinor: object.amount_paid,
    paidAt: object.status_transitions.paid_at ?? object.created,
    lines: object.lines.data.map((line) => ({
      id: line.id,
      stripePriceId: line.pricing?.price_details?.price ?? null,
      quantity: line.quantity ?? 1,
      /** Before discounts. */
      amountMinor: line.amount,
      /** Balances a change of the subscription in the middle of a period. */
      isProration:
        (line.parent?.subscription_item_details ?? line.parent?.invoice_item_details)?.proration ?? false,
      periodStart: line.period.start,
      periodEnd: line.period.end,
    })),
  }));
export type Invoice = z.output<typeof invoice>;

/** https://docs.stripe.com/api/events/object */
export const event = z.object({
  id: z.string().regex(/^evt_\w{1,250}$/),
  object: z.literal('event'),
  type: z.string().regex(/^[\w.]{1,200}$/),
  api_version: z
    .string()
    .regex(/^[\w.-]{1,100}$/)
    .nullish(),
  account: z.string().nullish(),
  created: moment,
  livemode: z.boolean(),
  data: z.object({ object: z.looseObject({ id: z.string().nullish() }) }),
});
export type StripeEvent = z.output<typeof event>;
