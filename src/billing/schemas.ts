import { z } from 'zod';
import { creditAmount, currencyCode, itemKey, minorUnits, text, timestamp } from '../core/schema.ts';

const quotedPrice = text(255).optional().meta({
  description:
    'The `price_id` that the customer was shown. 409 `price_changed` when it is no longer on sale.',
});

export const createCheckoutBody = z
  .strictObject({ plan: itemKey, price_id: quotedPrice })
  .meta({ id: 'CreateCheckout' });

export const purchaseCreditsBody = z
  .strictObject({ package: itemKey, price_id: quotedPrice })
  .meta({ id: 'PurchaseCredits' });

const sessionId = z.string().meta({ description: 'The Checkout Session of Stripe.' });
const checkoutUrl = z.url().meta({ description: 'The pay page to send the customer to.' });

export const createCheckoutAnswer = z.strictObject({
  success: z.literal(true),
  checkout_url: checkoutUrl,
  session_id: sessionId,
});

export const purchaseCreditsAnswer = z.strictObject({
  success: z.literal(true),
  checkout_url: checkoutUrl,
  session_id: sessionId,
  credits: creditAmount.meta({ description: 'What the ledger gets once the money is there.' }),
});

/** The member `current` of a `price_changed` problem. */
export const presentOffer = z.strictObject({
  price_id: z.string(),
  price: minorUnits,
  currency: currencyCode,
  credits: creditAmount,
  interval: z.enum(['month', 'year']).nullable(),
});

export const portalBody = z.strictObject({});

export const portalAnswer = z.strictObject({ success: z.literal(true), portal_url: z.url() });

export const paymentStatus = z
  .strictObject({
    plan: itemKey.nullable(),
    plan_name: z.string().nullable(),
    subscription_status: z.enum(['none', 'pending', 'active']).meta({
      description:
        '`active`: the present period is paid for. `pending`: a checkout is complete and its first invoice is on its way. ' +
        'Cancellations, failed renewals and pauses show once subscription events are processed.',
    }),
    has_paid: z.boolean().meta({ description: 'Whether any money of this customer ever arrived.' }),
    subscription_started_at: timestamp.nullable(),
    subscription_ends_at: timestamp
      .nullable()
      .meta({ description: 'The end of the period that is paid for.' }),
  })
  .meta({ id: 'PaymentStatus' });

export const paymentStatusAnswer = z.strictObject({
  success: z.literal(true),
  payment_status: paymentStatus,
});
