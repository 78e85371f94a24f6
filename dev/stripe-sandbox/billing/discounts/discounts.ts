import type { DiscountTerms } from '../../objects/discount.ts';
import type { Context } from '../../state/context.ts';
import type { ObjectTypes } from '../../state/wire.ts';

type Coupon = ObjectTypes['coupon'];
type Discount = ObjectTypes['discount'];

/** What is to be reduced: one line of a session or an invoice, in minor units. */
export interface Discountable {
  readonly amount: number;
  readonly currency: string;
  /** Product id; null for a line without a price. */
  readonly product: string | null;
  /** Whether discounts of the whole invoice touch this line. */
  readonly discountable: boolean;
}

/** How much of one line one discount takes away, in minor units. */
export interface DiscountAmount {
  readonly amount: number;
  readonly discount: string;
}

/**
 * How much each discount takes from each line, in the lines' order; a line that
 * a discount does not touch has no entry of it. Discounts apply one after the
 * other to what is left. A percentage is taken of the lines together and
 * rounded once, half up; it and a fixed amount are shared out in proportion, to
 * the last minor unit, and never make a line negative. Credits stay whole.
 */
export function discountAmounts(
  context: Context,
  discounts: readonly Discount[],
  lines: readonly Discountable[],
): DiscountAmount[][] {
  return reduceLines(
    discounts.map(({ id }) => ({ id, terms: termsOf(context, id) })),
    lines,
  );
}

/** The same for coupons that are not redeemed yet; `id` names each in the result. */
export function reduceLines(
  reductions: readonly { readonly id: string; readonly terms: DiscountTerms }[],
  lines: readonly Discountable[],
): DiscountAmount[][] {
  const left = lines.map((line) => line.amount);
  const taken = lines.map((): DiscountAmount[] => []);
  for (const { id, terms } of reductions) {
    const touched = lines.flatMap((line, index) => (touches(terms, line) ? [index] : []));
    const amounts = reduction(
      terms.coupon,
      touched.map((index) => left[index] ?? 0),
    );
    touched.forEach((index, position) => {
      const amount = amounts[position] ?? 0;
      left[index] = (left[index] ?? 0) - amount;
      taken[index]?.push({ amount, discount: id });
    });
  }
  return taken;
}

function termsOf(context: Context, discount: string): DiscountTerms {
  const terms = context.store.facts('discount', discount);
  if (!terms) throw new Error(`The sandbox has lost the terms of discount ${discount}.`);
  return terms;
}

/** A fixed amount is in the coupon's currency only. */
function touches({ coupon, products }: DiscountTerms, line: Discountable): boolean {
  const isOfProduct = products === null || (line.product !== null && products.includes(line.product));
  const isOfCurrency = coupon.currency === null || coupon.currency === line.currency;
  return line.discountable && line.amount > 0 && isOfProduct && isOfCurrency;
}

function reduction(coupon: Coupon, amounts: readonly number[]): number[] {
  const sum = amounts.reduce((total, amount) => total + amount, 0);
  // A percentage has at most two decimals: whole hundredths keep its product exact.
  const whole =
    coupon.percent_off === null
      ? Math.min(coupon.amount_off ?? 0, sum)
      : Math.round((sum * Math.round(coupon.percent_off * 100)) / 10_000);
  return shareOut(whole, amounts);
}

/**
 * Shares `whole` out in proportion to `parts`. What rounding down leaves over
 * goes, one unit each, to the parts that lost most by it, earlier ones first.
 */
function shareOut(whole: number, parts: readonly number[]): number[] {
  const sum = parts.reduce((total, part) => total + part, 0);
  if (sum === 0) return parts.map(() => 0);
  const exact = parts.map((part) => (whole * part) / sum);
  const shares = exact.map(Math.floor);
  const over = whole - shares.reduce((total, share) => total + share, 0);
  const byLoss = exact
    .map((share, index) => ({ index, loss: share - Math.floor(share) }))
    .toSorted((a, b) => b.loss - a.loss || a.index - b.index);
  for (const { index } of byLoss.slice(0, over)) shares[index] = (shares[index] ?? 0) + 1;
  return shares;
}
