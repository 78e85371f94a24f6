import { change, type Context } from '../../state/context.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { dueOf } from '../../time/due.ts';

type Coupon = ObjectTypes['coupon'];
type PromotionCode = ObjectTypes['promotion_code'];

/** Whether a coupon can still be redeemed at `now` (Unix seconds). */
export function isValid(
  coupon: Pick<Coupon, 'max_redemptions' | 'redeem_by' | 'times_redeemed'>,
  now: number,
): boolean {
  return isLeft(coupon) && (coupon.redeem_by === null || now <= coupon.redeem_by);
}

/** Whether a promotion code, its coupon aside, can still be redeemed at `now` (Unix seconds). */
export function isUsable(
  code: Pick<PromotionCode, 'max_redemptions' | 'expires_at' | 'times_redeemed'>,
  now: number,
): boolean {
  return isLeft(code) && (code.expires_at === null || now <= code.expires_at);
}

function isLeft(counted: { max_redemptions: number | null; times_redeemed: number }): boolean {
  return counted.max_redemptions === null || counted.times_redeemed < counted.max_redemptions;
}

/** Counts one more redemption of a coupon, and of the promotion code that led to it. */
export function countRedemption(context: Context, coupon: Coupon, code: PromotionCode | null): void {
  const now = context.now();
  if (code) {
    const counted = { ...code, times_redeemed: code.times_redeemed + 1 };
    const active = code.active && isUsable(counted, now);
    change(context, code, { active, times_redeemed: counted.times_redeemed }, 'promotion_code.updated');
  }
  const counted = { ...coupon, times_redeemed: coupon.times_redeemed + 1 };
  const patch = { times_redeemed: counted.times_redeemed, valid: isValid(counted, now) };
  if (!change(context, coupon, patch, 'coupon.updated').valid) deactivateCodes(context, coupon.id);
}

/** A promotion code is active only as long as its coupon is valid. */
export function deactivateCodes(context: Context, couponId: string): void {
  for (const code of context.store.all('promotion_code')) {
    if (code.promotion.coupon !== couponId) continue;
    change(context, code, { active: false }, 'promotion_code.updated');
  }
}

/** Coupons end by their date, in the sandbox's own time, and their codes with them. */
export const dueCoupons = dueOf('coupon', (_store, { valid, redeem_by: end }) => [
  {
    at: valid && end !== null ? end + 1 : null,
    happen(context, coupon) {
      change(context, coupon, { valid: false }, 'coupon.updated');
      deactivateCodes(context, coupon.id);
    },
  },
]);

/** Promotion codes end by their date, in the sandbox's own time. */
export const duePromotionCodes = dueOf(
  'promotion_code',
  (_store, { active, expires_at: end }) => [
    {
      at: active && end !== null ? end + 1 : null,
      happen: (context, code) => change(context, code, { active: false }, 'promotion_code.updated'),
    },
  ],
  'sandbox',
);
