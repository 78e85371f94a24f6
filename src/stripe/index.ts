export { createStripeClient } from './client.ts';
export { StripeRefusal } from './errors.ts';
export { openStripe, type StripeGateway } from './gateway.ts';
export type { CheckoutSession, Invoice, StripeEvent } from './schemas.ts';
export { readSignedEvent } from './webhook-signature.ts';
