import { invalid, noSuch } from '../../api/errors.ts';
import { named } from '../../api/operations.ts';
import { displayMoney } from '../../api/money.ts';
import type { DiscountPlace } from '../../objects/discount.ts';
import type { Context } from '../../state/context.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { isUsable, isValid } from './coupon-validity.ts';

type Coupon = ObjectTypes['coupon'];
type PromotionCode = ObjectTypes['promotion_code'];

/** What the discount is for. */
export interface DiscountTarget extends DiscountPlace {
  /** What it is to reduce, in minor units, where that is known: some codes ask for a minimum. */
  readonly amount?: number;
  /** In which currency that is: a fixed amount reduces no other. */
  readonly currency?: string;
  /** Checkout has checked it before the buyer paid; by now the payment itself would speak against it. */
  readonly isChecked?: boolean;
}

/** What is redeemed: a coupon, perhaps by a promotion code for it. */
export interface Redemption {
  readonly coupon: Coupon;
  readonly code: PromotionCode | null;
}

/** The coupon of this id, if `target` may redeem it; Stripe's 400 otherwise. */
export function couponFor(context: Context, id: string, target: DiscountTarget, param: string): Redemption {
  const coupon = named(context, 'coupon', id, param);
  if (!target.isChecked) checkCoupon(context, coupon, target, param);
  return { coupon, code: null };
}

/** The coupon behind a promotion code, if `target` may redeem it; Stripe's 400 otherwise. */
export function promotionFor(
  context: Context,
  id: string,
  target: DiscountTarget,
  param: string,
): Redemption {
  const code = context.store.get('promotion_code', id);
  if (!code) throw noSuch('promotion code', id, param);
  const coupon = context.store.get('coupon', code.promotion.coupon ?? '');
  if (!coupon) throw invalid(`Promotion code ${id} is for a coupon that was deleted.`, param);
  if (!target.isChecked) {
    if (!code.active || !isUsable(code, context.now())) {
      throw invalid('This promotion code is not active.', param);
    }
    checkCoupon(context, coupon, target, param);
    checkRestrictions(context, code, target, param);
  }
  return { coupon, code };
}

/** The active promotion code that a buyer has typed; one of the customer's own comes first. */
export function promotionCodeNamed(
  context: Context,
  typed: string,
  customer: string | null,
): PromotionCode | undefined {
  const matching = context.store
    .all('promotion_code')
    .filter((code) => code.active && isSameCode(code.code, typed));
  return (
    matching.find((code) => code.customer !== null && code.customer === customer) ??
    matching.find((code) => code.customer === null)
  );
}

/** Codes are the same regardless of case. */
export function isSameCode(one: string, other: string): boolean {
  return one.toLowerCase() === other.trim().toLowerCase();
}

function checkCoupon(context: Context, coupon: Coupon, target: DiscountTarget, param: string): void {
  const now = context.now();
  if (coupon.redeem_by !== null && now > coupon.redeem_by) {
    throw invalid(`Coupon expired: ${coupon.id}`, param, 'coupon_expired');
  }
  if (!isValid(coupon, now)) {
    throw invalid(`Coupon ${coupon.id} is used up and cannot be applied.`, param);
  }
  if (coupon.currency !== null && target.currency !== undefined && coupon.currency !== target.currency) {
    throw invalid(
      `The coupon ${coupon.id} is in ${coupon.currency} and cannot reduce an amount in ${target.currency}.`,
      param,
    );
  }
}

const CANNOT = 'This promotion code cannot be redeemed because';

function checkRestrictions(
  context: Context,
  code: PromotionCode,
  target: DiscountTarget,
  param: string,
): void {
  const { first_time_transaction, minimum_amount, minimum_amount_currency } = code.restrictions;
  if (code.customer !== null && code.customer !== target.customer) {
    throw invalid(`${CANNOT} it belongs to a different customer.`, param);
  }
  if (first_time_transaction && target.customer !== null && hasPaid(context, target.customer)) {
    throw invalid(`${CANNOT} the associated customer has prior transactions.`, param);
  }
  if (minimum_amount === null || target.amount === undefined) return;
  const currency = minimum_amount_currency ?? target.currency ?? '';
  if (currency !== target.currency || target.amount < minimum_amount) {
    throw invalid(
      `${CANNOT} the order is below its minimum of ${displayMoney(minimum_amount, currency)}.`,
      param,
    );
  }
}

function hasPaid({ store }: Context, customer: string): boolean {
  const isTheirs = (one: { customer: string | null }): boolean => one.customer === customer;
  return (
    store.all('payment_intent').some((intent) => isTheirs(intent) && intent.status === 'succeeded') ||
    store.all('invoice').some((invoice) => isTheirs(invoice) && invoice.status === 'paid')
  );
}
