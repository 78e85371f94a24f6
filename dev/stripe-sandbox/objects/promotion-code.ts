import { invalid, missing, refuseUnsupported } from '../api/errors.ts';
import { named } from '../api/operations.ts';
import type { Params } from '../api/parameters.ts';
import { mergeMetadata } from '../api/values.ts';
import { add, type Context } from '../state/context.ts';
import { newId, randomText } from '../state/ids.ts';
import { checkCurrency, wholeMinorUnits } from '../api/money.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { positive } from './coupon.ts';

type Coupon = ObjectTypes['coupon'];
type PromotionCode = ObjectTypes['promotion_code'];
type CreateParams = Params<'promotionCodeCreate'>;

export function createPromotionCode(context: Context, params: CreateParams): PromotionCode {
  refuseUnsupported(params, ['customer_account']);
  if (params.promotion.coupon === undefined) throw missing('promotion[coupon]');
  const coupon = named(context, 'coupon', params.promotion.coupon, 'promotion[coupon]');
  const customer = params.customer ? named(context, 'customer', params.customer, 'customer').id : null;
  const active = params.active ?? true;
  const code = codeOf(params.code);
  if (!coupon.valid) throw invalid(`Coupon ${coupon.id} is no longer valid.`, 'promotion[coupon]');
  if (active) checkUnique(context, code, customer);
  const promotionCode: PromotionCode = {
    id: newId('promo_1'),
    object: 'promotion_code',
    active,
    code,
    created: context.now(),
    customer,
    customer_account: null,
    expires_at: expiresAt(context, coupon, params.expires_at),
    livemode: false,
    max_redemptions: maxRedemptions(coupon, params.max_redemptions),
    metadata: mergeMetadata({}, params.metadata),
    promotion: { coupon: coupon.id, type: 'coupon' },
    restrictions: restrictionsOf(params.restrictions),
    times_redeemed: 0,
  };
  return add(context, promotionCode, 'promotion_code.created');
}

/** Regardless of case, a code is unique among the active ones of a customer. */
export function checkUnique(context: Context, code: string, customer: string | null): void {
  const holder = context.store
    .all('promotion_code')
    .find((one) => one.active && one.customer === customer && one.code.toLowerCase() === code.toLowerCase());
  if (!holder) return;
  throw invalid(`An active promotion code with \`code: ${code}\` already exists.`, 'code');
}

function codeOf(code: string | undefined): string {
  if (code === undefined || code === '') return randomText(8).toUpperCase();
  if (/^[a-z0-9-]{1,500}$/i.test(code)) return code;
  throw invalid('Invalid promotion code: only letters, digits and dashes are allowed.', 'code');
}

function expiresAt(context: Context, coupon: Coupon, time: number | undefined): number | null {
  if (time === undefined) return coupon.redeem_by;
  if (time <= context.now()) throw invalid('Timestamp must be in the future.', 'expires_at');
  if (coupon.redeem_by !== null && time > coupon.redeem_by) {
    throw invalid("`expires_at` cannot be after the coupon's `redeem_by`.", 'expires_at');
  }
  return time;
}

function maxRedemptions(coupon: Coupon, limit: number | undefined): number | null {
  if (limit !== undefined && coupon.max_redemptions !== null && limit > coupon.max_redemptions) {
    throw invalid(
      "`max_redemptions` cannot be greater than the coupon's `max_redemptions`.",
      'max_redemptions',
    );
  }
  return positive(limit, 'max_redemptions');
}

function restrictionsOf(params: CreateParams['restrictions']): PromotionCode['restrictions'] {
  refuseUnsupported(params ?? {}, ['currency_options']);
  const { first_time_transaction = false, minimum_amount, minimum_amount_currency: currency } = params ?? {};
  const at = (name: string): string => `restrictions[${name}]`;
  if (minimum_amount !== undefined && currency === undefined) throw missing(at('minimum_amount_currency'));
  if (currency !== undefined && minimum_amount === undefined) throw missing(at('minimum_amount'));
  return {
    first_time_transaction,
    minimum_amount:
      minimum_amount === undefined ? null : wholeMinorUnits(minimum_amount, at('minimum_amount')),
    minimum_amount_currency:
      currency === undefined ? null : checkCurrency(currency, at('minimum_amount_currency')),
  };
}
