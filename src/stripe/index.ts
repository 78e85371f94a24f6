export { isPinnedRelease } from './api-version.ts';
export { createStripeClient } from './client.ts';
export { StripeRefusal } from './errors.ts';
export type { OfferPrice } from './catalogue.ts';
export { openStripe, type StripeGateway } from './gateway.ts';
export type { Invoice } from './invoice-schemas.ts';
export type { CheckoutSession, StripeEvent } from './schemas.ts';
export type { Subscription } from './subscription-schemas.ts';
export { readSignedEvent, readStoredEvent } from './webhook-signature.ts';
