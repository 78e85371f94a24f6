import type { Context } from '../../state/context.ts';
import type { DiscountTarget } from './check-redemption.ts';
import { redeem, type DiscountParam } from './redeem.ts';

/** The ids of the discounts that the parameter `discounts` asks for; an empty one asks for none. */
export function discountIds(
  context: Context,
  discounts: readonly DiscountParam[] | '' | null,
  target: DiscountTarget,
): string[] {
  return redeem(context, discounts || [], target, 'discounts').map(({ id }) => id);
}
