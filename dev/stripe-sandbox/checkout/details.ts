import type Stripe from 'stripe';
import type { Params } from '../api/parameters.ts';
import type { ObjectTypes, Wire } from '../state/wire.ts';

export type Session = ObjectTypes['checkout.session'];
export type Mode = 'payment' | 'subscription';
export type LineItem = Wire<Stripe.LineItem>;

/** What belongs to a checkout session and its API object does not show. */
export interface CheckoutDetails {
  readonly lineItems: readonly LineItem[];
  readonly paymentIntentData: Params<'checkoutSessionCreate'>['payment_intent_data'];
  readonly subscriptionData: Params<'checkoutSessionCreate'>['subscription_data'];
  /** The payment intent of the first attempt; later attempts go on with it. */
  readonly paymentIntent: string | null;
  /** The payment method whose bank wants to authenticate the buyer. */
  readonly awaitingAuthentication: string | null;
}
