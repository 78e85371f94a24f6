import type { Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';
import type { DiscountParam } from './redeem.ts';

type PaymentIntent = ObjectTypes['payment_intent'];
type Price = ObjectTypes['price'];
type Subscription = ObjectTypes['subscription'];

/** A subscription that somebody wants, its parameters checked. */
export interface SubscriptionWish {
  readonly customer: string;
  readonly currency: string;
  readonly items: readonly {
    readonly price: Price;
    readonly quantity: number;
    readonly metadata: Readonly<Record<string, string>>;
    readonly discounts: readonly DiscountParam[];
  }[];
  /** One-time prices that the first invoice bills, too. */
  readonly extras: readonly { readonly price: Price; readonly quantity: number }[];
  readonly discounts: readonly DiscountParam[];
  readonly defaultPaymentMethod: string | null;
  readonly collectionMethod: 'charge_automatically' | 'send_invoice';
  readonly daysUntilDue: number | null;
  /** Unix seconds; null: no trial. */
  readonly trialEnd: number | null;
  readonly missingPaymentMethod: 'cancel' | 'create_invoice' | 'pause';
  readonly cancelAt: number | null;
  readonly cancelAtPeriodEnd: boolean;
  readonly description: string | null;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * How the first invoice is paid: by an intent that has succeeded in Checkout, or
 * by trying the default payment method, or later by somebody.
 */
export type FirstPayment =
  | { readonly kind: 'paid'; readonly intent: PaymentIntent | null }
  | { readonly kind: 'collect'; readonly behavior: 'allow_incomplete' | 'error_if_incomplete' }
  | { readonly kind: 'wait' };

/**
 * Starts a subscription with its first period or its trial, and its first
 * invoice. Throws 402 for `error_if_incomplete` before anything is kept.
 */
export function createSubscription(
  _context: Context,
  _wish: SubscriptionWish,
  _payment: FirstPayment,
): Subscription {
  throw new Error('not built yet');
}
