import { invalid } from '../api/errors.ts';
import { reduceLines } from '../billing/discounts/discounts.ts';
import { LARGEST_AMOUNT, smallestCharge } from '../api/money.ts';
import type { CheckoutDetails, LineItem, Session, SessionDiscount } from './details.ts';

/** What an item costs without a trial or a discount, in minor units. */
export function fullAmount({ price, quantity }: Pick<LineItem, 'price' | 'quantity'>): number {
  return Math.round(Number(price?.unit_amount_decimal) * (quantity ?? 1));
}

/**
 * The line items at what is due for them today: of a subscription with a trial
 * only what does not recur, and all of it less the discount.
 */
export function priceItems(
  items: readonly LineItem[],
  hasTrial: boolean,
  discount: SessionDiscount | null,
): LineItem[] {
  const due = items.map((item) => (hasTrial && item.price?.recurring ? 0 : fullAmount(item)));
  const taken = amountsTaken(items, due, discount);
  return items.map((item, index) => {
    const amount = due[index] ?? 0;
    const off = taken[index] ?? 0;
    return { ...item, amount_discount: off, amount_subtotal: amount, amount_total: amount - off };
  });
}

function amountsTaken(
  items: readonly LineItem[],
  due: readonly number[],
  discount: SessionDiscount | null,
): number[] {
  if (!discount) return items.map(() => 0);
  const lines = items.map(({ currency, price }, index) => ({
    amount: due[index] ?? 0,
    currency,
    product: price?.product ?? null,
    discountable: true,
  }));
  const reductions = [{ id: discount.discount.id, terms: discount.terms }];
  return reduceLines(reductions, lines).map(([taken]) => taken?.amount ?? 0);
}

/** The members of a session that its line items and its discount make up. */
export function totalsOf(
  items: readonly LineItem[],
  discount: SessionDiscount | null,
): Pick<Session, 'amount_subtotal' | 'amount_total' | 'discounts' | 'total_details'> {
  const sum = (amount: (item: LineItem) => number): number =>
    items.reduce((total, item) => total + amount(item), 0);
  return {
    amount_subtotal: sum((item) => item.amount_subtotal),
    amount_total: sum((item) => item.amount_total),
    discounts: discount
      ? [
          {
            coupon: discount.given.coupon ?? null,
            promotion_code: discount.given.promotion_code ?? null,
          },
        ]
      : [],
    total_details: {
      amount_discount: sum((item) => item.amount_discount),
      amount_shipping: 0,
      amount_tax: 0,
    },
  };
}

/** Which discount has taken how much, shown only when asked for. */
export function breakdownOf({ lineItems, discount }: CheckoutDetails): object {
  const amount = lineItems.reduce((sum, item) => sum + item.amount_discount, 0);
  return { discounts: discount ? [{ amount, discount: discount.discount }] : [], taxes: [] };
}

/** Throws Stripe's 400 for a total that no charge may have. */
export function checkTotal({ amount_total, currency }: Pick<Session, 'amount_total' | 'currency'>): void {
  const total = amount_total ?? 0;
  const due = "The Checkout Session's total amount due must";
  if (total > LARGEST_AMOUNT) {
    throw invalid(
      `${due} be no more than ${LARGEST_AMOUNT} in the currency's smallest unit.`,
      'line_items',
      'amount_too_large',
    );
  }
  const least = smallestCharge(currency ?? '');
  if (total > 0 && total < least) {
    throw invalid(
      `${due} add up to at least ${least} in the currency's smallest unit.`,
      'line_items',
      'amount_too_small',
    );
  }
}
