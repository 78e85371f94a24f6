import type { Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';

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
 * How much each discount takes from each line, in the lines' order. Discounts
 * apply one after the other to what is left; a fixed amount is shared out in
 * proportion, to the last minor unit, and never makes a line negative.
 */
export function discountAmounts(
  _context: Context,
  _discounts: readonly Discount[],
  _lines: readonly Discountable[],
): DiscountAmount[][] {
  throw new Error('not built yet');
}
