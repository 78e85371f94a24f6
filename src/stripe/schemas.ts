import { z } from 'zod';
import { id, moment, reference } from './members.ts';

/** What Ratecard reads of Stripe's objects, checked; everything else of them is left alone. */

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

/** What an event's object says it belongs to; whatever else stands there, in an object of another kind, names nothing. */
const named = reference.nullish().catch(null);

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
  data: z.object({
    object: z.looseObject({
      id: id.nullish(),
      charge: named,
      payment_intent: named,
      customer: named,
    }),
  }),
});
export type StripeEvent = z.output<typeof event>;
