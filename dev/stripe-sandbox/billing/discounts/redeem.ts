import { noSuch, onlyOneOf } from '../../api/errors.ts';
import { newDiscount } from '../../objects/discount.ts';
import { add, type Context } from '../../state/context.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { couponFor, promotionFor, type DiscountTarget, type Redemption } from './check-redemption.ts';
import { countRedemption } from './coupon-validity.ts';

type Discount = ObjectTypes['discount'];

/** A discount as parameters name it. */
export interface DiscountParam {
  readonly coupon?: string;
  readonly promotion_code?: string;
  readonly discount?: string;
}

/**
 * Redeems each coupon or promotion code for `target`: checks that it is valid
 * there, counts the redemption, keeps the discounts and tells those of a
 * customer by `customer.discount.created`. A discount that exists already stays
 * what it is. Throws Stripe's 400, which names `param`.
 */
export function redeem(
  context: Context,
  discounts: readonly DiscountParam[],
  target: DiscountTarget,
  param: string,
): Discount[] {
  checkRedeemable(context, discounts, target, param);
  return discounts.map((discount, index) => {
    const found = lookUp(context, discount, target, `${param}[${index}]`);
    return 'object' in found ? found : take(context, found, target);
  });
}

/** The ids of what `redeem` makes of a parameter; an empty one asks for none. */
export function discountIds(
  context: Context,
  discounts: readonly DiscountParam[] | '' | null,
  target: DiscountTarget,
  param = 'discounts',
): string[] {
  return redeem(context, discounts || [], target, param).map(({ id }) => id);
}

/** Throws Stripe's 400 when one of the discounts could not be redeemed for `target`. */
export function checkRedeemable(
  context: Context,
  discounts: readonly DiscountParam[],
  target: DiscountTarget,
  param: string,
): void {
  discounts.forEach((discount, index) => lookUp(context, discount, target, `${param}[${index}]`));
}

/** What a parameter names: a discount that exists, or one that is to be redeemed. */
function lookUp(
  context: Context,
  { coupon, promotion_code, discount }: DiscountParam,
  target: DiscountTarget,
  at: string,
): Discount | Redemption {
  if ([coupon, promotion_code, discount].filter(Boolean).length > 1) {
    throw onlyOneOf(['coupon', 'promotion_code', 'discount'], at);
  }
  if (coupon) return couponFor(context, coupon, target, `${at}[coupon]`);
  if (promotion_code) return promotionFor(context, promotion_code, target, `${at}[promotion_code]`);
  const existing = context.store.get('discount', discount ?? '');
  if (!existing) throw noSuch('discount', discount ?? '', `${at}[discount]`);
  return existing;
}

function take(context: Context, { coupon, code }: Redemption, target: DiscountTarget): Discount {
  const discount = newDiscount(context, coupon, code?.id ?? null, target);
  const products = context.store.facts('coupon', coupon.id)?.products ?? null;
  context.store.setFacts('discount', discount.id, { coupon, products });
  countRedemption(context, coupon, code);
  return add(
    context,
    discount,
    ...(target.customer === null ? [] : (['customer.discount.created'] as const)),
  );
}

/**
 * What is left of a subscription's discounts after one of its invoices: those
 * for once are over when they have reduced one (a trial's invoice of nothing
 * uses up none), and repeating ones when they have ended by now. Tells the
 * ended ones by `customer.discount.deleted`. Returns the ids that stay.
 */
export function discountsLeft(context: Context, discounts: readonly string[]): string[] {
  return discounts.filter((id) => {
    const discount = context.store.must('discount', id);
    const isOver = isUsedUp(context, id) || (discount.end !== null && discount.end <= context.now());
    if (isOver) context.events.emit(context, 'customer.discount.deleted', discount);
    return !isOver;
  });
}

function isUsedUp({ store }: Context, id: string): boolean {
  if (store.facts('discount', id)?.coupon.duration !== 'once') return false;
  const amounts = store.all('invoice').flatMap((invoice) => invoice.total_discount_amounts ?? []);
  return amounts.some(({ amount, discount }) => discount === id && amount > 0);
}
