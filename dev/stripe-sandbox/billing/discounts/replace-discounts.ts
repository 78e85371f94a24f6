import type { Context } from '../../state/context.ts';
import type { DiscountTarget } from './check-redemption.ts';
import { discountIds, type DiscountParam } from './redeem.ts';

/**
 * Redeems discounts in the place of those that a subscription or its item has:
 * the old ones end, unless they are named again (`customer.discount.deleted`).
 * Returns the ids of the new ones.
 */
export function replaceDiscounts(
  context: Context,
  before: readonly string[],
  wanted: readonly DiscountParam[],
  target: DiscountTarget,
  param: string,
): string[] {
  const after = discountIds(context, wanted, target, param);
  for (const id of before) {
    if (after.includes(id)) continue;
    context.events.emit(context, 'customer.discount.deleted', context.store.must('discount', id));
  }
  return after;
}
