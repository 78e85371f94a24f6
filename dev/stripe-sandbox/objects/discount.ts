import type { Context } from '../state/context.ts';
import { newId } from '../state/ids.ts';
import { addIntervals } from '../state/period.ts';
import type { ObjectTypes } from '../state/wire.ts';

type Coupon = ObjectTypes['coupon'];
type Discount = ObjectTypes['discount'];

/** What a coupon takes away, as it was when it was redeemed: deleting it takes nothing back. */
export interface DiscountTerms {
  readonly coupon: Coupon;
  /** The only products that it touches; null: all. */
  readonly products: readonly string[] | null;
}

/** Where a discount belongs. */
export interface DiscountPlace {
  readonly customer: string | null;
  readonly subscription?: string;
  readonly subscriptionItem?: string;
  readonly invoice?: string;
  readonly invoiceItem?: string;
  readonly checkoutSession?: string;
}

/** The discount that a coupon gives from now on; that of a repeating coupon ends some months later. */
export function newDiscount(
  context: Context,
  coupon: Coupon,
  promotionCode: string | null,
  place: DiscountPlace,
): Discount {
  const start = context.now();
  return {
    id: newId('di_1'),
    object: 'discount',
    checkout_session: place.checkoutSession ?? null,
    customer: place.customer,
    customer_account: null,
    end:
      coupon.duration === 'repeating' ? addIntervals(start, 'month', coupon.duration_in_months ?? 1) : null,
    invoice: place.invoice ?? null,
    invoice_item: place.invoiceItem ?? null,
    promotion_code: promotionCode,
    source: { coupon: coupon.id, type: 'coupon' },
    start,
    subscription: place.subscription ?? null,
    subscription_item: place.subscriptionItem ?? null,
  };
}
