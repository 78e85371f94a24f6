export { isPinnedRelease } from './api-version.ts';
export { createStripeClient } from './client.ts';
export { StripeRefusal } from './errors.ts';
export type { OfferPrice } from './catalogue.ts';
export { openStripe, type StripeGateway } from './gateway.ts';
export type { CheckoutSession, Invoice, StripeEvent } from './schemas.ts';
export { readSignedEvent, readStoredEvent } from './webhook-signature.ts';
