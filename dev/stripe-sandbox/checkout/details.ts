import type Stripe from 'stripe';
import type { Params } from '../api/parameters.ts';
import type { DiscountParam } from '../billing/discounts/redeem.ts';
import type { DiscountTerms } from '../objects/discount.ts';
import type { Context } from '../state/context.ts';
import type { ObjectTypes, Wire } from '../state/wire.ts';

export type Session = ObjectTypes['checkout.session'];
export type SessionParams = Params<'checkoutSessionCreate'>;
export type Mode = 'payment' | 'subscription';
export type LineItem = Wire<Stripe.LineItem>;

/** What belongs to a checkout session and its API object does not show. */
export interface CheckoutDetails {
  /** The parameters that it was made of. */
  readonly asked: SessionParams;
  readonly lineItems: readonly LineItem[];
  readonly discount: SessionDiscount | null;
  /** The payment intent of the first attempt; later attempts go on with it. */
  readonly paymentIntent: string | null;
  /** The same where nothing is due today, and a payment method is only saved. */
  readonly setupIntent: string | null;
  /** The payment method whose bank wants to authenticate the buyer. */
  readonly awaitingAuthentication: string | null;
}

/** A discount that a session promises: it is redeemed only when the buyer pays. */
export interface SessionDiscount {
  readonly given: DiscountParam;
  /** What the session's breakdown shows; once redeemed, the discount itself. */
  readonly discount: ObjectTypes['discount'];
  readonly terms: DiscountTerms;
}

type Named = Pick<Session, 'id'>;

export function detailsOf(context: Pick<Context, 'store'>, session: Named): CheckoutDetails {
  return context.store.mustFacts('checkout.session', session.id);
}

/** Changes some of a session's details. */
export function remember(context: Context, session: Named, patch: Partial<CheckoutDetails>): void {
  context.store.setFacts('checkout.session', session.id, { ...detailsOf(context, session), ...patch });
}
