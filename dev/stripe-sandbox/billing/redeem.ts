import type { Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';

type Discount = ObjectTypes['discount'];

/** A discount as parameters name it. */
export interface DiscountParam {
  readonly coupon?: string;
  readonly promotion_code?: string;
  readonly discount?: string;
}

/** What the discount is for. */
export interface DiscountTarget {
  readonly customer: string | null;
  readonly subscription?: string;
  readonly subscriptionItem?: string;
  readonly invoice?: string;
  readonly invoiceItem?: string;
  readonly checkoutSession?: string;
}

/**
 * Redeems each coupon or promotion code for `target`: checks that it is valid
 * there, counts the redemption, keeps the discounts and tells them by
 * `customer.discount.created`. Throws Stripe's 400, which names `param`.
 */
export function redeem(
  _context: Context,
  _discounts: readonly DiscountParam[],
  _target: DiscountTarget,
  _param: string,
): Discount[] {
  throw new Error('not built yet');
}

/**
 * What is left of a subscription's discounts after one of its invoices: those
 * for once are over, and repeating ones that have ended by now. Tells the ended
 * ones by `customer.discount.deleted`. Returns the ids that stay.
 */
export function discountsLeft(_context: Context, _discounts: readonly string[]): string[] {
  throw new Error('not built yet');
}
