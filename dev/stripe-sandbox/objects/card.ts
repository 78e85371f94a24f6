import type Stripe from 'stripe';
import type { ObjectTypes, Wire } from '../state/wire.ts';

type CardSource = Wire<Stripe.Card>;
type PaymentMethod = ObjectTypes['payment_method'];

const BRANDS: Readonly<Record<string, string>> = {
  amex: 'American Express',
  diners: 'Diners Club',
  discover: 'Discover',
  jcb: 'JCB',
  mastercard: 'MasterCard',
  unionpay: 'UnionPay',
  visa: 'Visa',
};

/**
 * How the legacy sources API shows a payment method that was added by it
 * (https://docs.stripe.com/payments/payment-methods/transitioning).
 */
export function cardSource(method: PaymentMethod): CardSource | undefined {
  const { card, billing_details: owner } = method;
  if (!card || !method.id.startsWith('card_')) return undefined;
  return {
    id: method.id,
    object: 'card',
    address_city: owner.address?.city ?? null,
    address_country: owner.address?.country ?? null,
    address_line1: owner.address?.line1 ?? null,
    address_line1_check: card.checks?.address_line1_check ?? null,
    address_line2: owner.address?.line2 ?? null,
    address_state: owner.address?.state ?? null,
    address_zip: owner.address?.postal_code ?? null,
    address_zip_check: card.checks?.address_postal_code_check ?? null,
    allow_redisplay: method.allow_redisplay ?? null,
    brand: BRANDS[card.brand] ?? card.brand,
    country: card.country,
    customer: method.customer,
    cvc_check: card.checks?.cvc_check ?? null,
    dynamic_last4: null,
    exp_month: card.exp_month,
    exp_year: card.exp_year,
    fingerprint: card.fingerprint ?? null,
    funding: card.funding,
    last4: card.last4,
    metadata: method.metadata,
    name: owner.name,
    regulated_status: card.regulated_status,
    tokenization_method: null,
  };
}
