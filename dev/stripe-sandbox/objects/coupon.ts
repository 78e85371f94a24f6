import { invalid, missing, onlyOneOf, refuseUnsupported, tooSmall } from '../api/errors.ts';
import { named } from '../api/operations.ts';
import type { Params } from '../api/parameters.ts';
import { mergeMetadata, textOrNull } from '../api/values.ts';
import { add, type Context } from '../state/context.ts';
import { randomText } from '../state/ids.ts';
import { checkCurrency } from '../api/money.ts';
import { DAY_SECONDS } from '../state/period.ts';
import type { ObjectTypes } from '../state/wire.ts';

type Coupon = ObjectTypes['coupon'];
type CreateParams = Params<'couponCreate'>;

/** What belongs to a coupon and is shown only when asked for, or no more. */
export interface CouponDetails {
  /** The only products that it touches; null: all. */
  readonly products: readonly string[] | null;
  /** The coupon itself once it is deleted, for the discounts that still name it. */
  readonly deleted: Coupon | null;
}

const FIVE_YEARS_SECONDS = 5 * 366 * DAY_SECONDS;

export function createCoupon(context: Context, params: CreateParams): Coupon {
  refuseUnsupported(params, ['currency_options']);
  if (params.id && context.store.get('coupon', params.id)) {
    throw invalid('Coupon already exists.', 'id', 'resource_already_exists');
  }
  const coupon: Coupon = {
    id: params.id || randomText(8),
    object: 'coupon',
    ...reductionOf(params),
    created: context.now(),
    ...durationOf(params),
    livemode: false,
    max_redemptions: positive(params.max_redemptions, 'max_redemptions'),
    metadata: mergeMetadata({}, params.metadata),
    name: checkedName(params.name),
    redeem_by: redeemBy(context, params.redeem_by),
    times_redeemed: 0,
    valid: true,
  };
  const details: CouponDetails = { products: productsOf(context, params.applies_to), deleted: null };
  context.store.setFacts('coupon', coupon.id, details);
  return add(context, coupon, 'coupon.created');
}

/** The coupon's name, for buyers to read. */
export function checkedName(name: string | undefined): string | null {
  if (name !== undefined && name.length > 40) {
    throw invalid('Invalid string: must be at most 40 characters', 'name');
  }
  return textOrNull(name);
}

function reductionOf({
  amount_off,
  percent_off,
  currency,
}: CreateParams): Pick<Coupon, 'amount_off' | 'currency' | 'percent_off'> {
  if (amount_off !== undefined && percent_off !== undefined) {
    throw onlyOneOf(['amount_off', 'percent_off'], 'amount_off');
  }
  if (percent_off !== undefined) {
    if (percent_off <= 0 || percent_off > 100) {
      throw invalid('Percent off must be greater than 0 and at most 100.', 'percent_off');
    }
    return { amount_off: null, currency: null, percent_off: Math.round(percent_off * 100) / 100 };
  }
  if (amount_off === undefined) throw missing('percent_off');
  if (currency === undefined) throw missing('currency');
  return {
    amount_off: positive(amount_off, 'amount_off'),
    currency: checkCurrency(currency, 'currency'),
    percent_off: null,
  };
}

function durationOf({
  duration = 'once',
  duration_in_months: months,
}: CreateParams): Pick<Coupon, 'duration' | 'duration_in_months'> {
  if (duration === 'repeating') {
    if (months === undefined) throw missing('duration_in_months');
    return { duration, duration_in_months: positive(months, 'duration_in_months') };
  }
  if (months !== undefined) {
    throw invalid('You can only pass duration_in_months if duration is repeating.', 'duration_in_months');
  }
  return { duration, duration_in_months: null };
}

function redeemBy(context: Context, time: number | undefined): number | null {
  if (time === undefined) return null;
  const now = context.now();
  if (time <= now) throw invalid('Timestamp must be in the future.', 'redeem_by');
  if (time > now + FIVE_YEARS_SECONDS) {
    throw invalid('Timestamp cannot be more than five years in the future.', 'redeem_by');
  }
  return time;
}

function productsOf(context: Context, appliesTo: CreateParams['applies_to']): string[] | null {
  const products = appliesTo?.products;
  if (products === undefined) return null;
  return products.map((id, index) => named(context, 'product', id, `applies_to[products][${index}]`).id);
}

/** A limit or an amount, which has to be at least 1. */
export function positive(value: number | undefined, param: string): number | null {
  if (value === undefined) return null;
  if (value < 1) throw tooSmall(1, param);
  return value;
}
