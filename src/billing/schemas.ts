import { z } from 'zod';
import { customerReference, creditAmount, currencyCode, itemKey, minorUnits, text } from '../core/schema.ts';

export const quotedPrice = text(255).optional().meta({
  description:
    'The `price_id` that the customer was shown. 409 `price_changed` when it is no longer on sale.',
});

export const createCheckoutBody = z
  .strictObject({ plan: itemKey, price_id: quotedPrice, customer: customerReference.optional() })
  .meta({ id: 'CreateCheckout' });

export const purchaseCreditsBody = z
  .strictObject({ package: itemKey, price_id: quotedPrice, customer: customerReference.optional() })
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

/** The member `current` of an `already_subscribed` problem; `pending`: its checkout was completed just now. */
export const presentSubscription = z.object({
  plan: itemKey,
  plan_name: z.string(),
  subscription_status: z.string(),
  stripe_subscription_id: z.string().nullable(),
});

export const portalBody = z.strictObject({ customer: customerReference.optional() });

export const portalAnswer = z.strictObject({ success: z.literal(true), portal_url: z.url() });
