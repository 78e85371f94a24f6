import { invalid, missing, refuseUnsupported, tooSmall } from '../../api/errors.ts';
import { named } from '../../api/operations.ts';
import type { Params } from '../../api/parameters.ts';
import { createPrice } from '../../objects/price.ts';
import { recurrenceOf } from '../../objects/plan.ts';
import type { Context } from '../../state/context.ts';
import type { ObjectTypes } from '../../state/wire.ts';

type Price = ObjectTypes['price'];

/** How parameters name a price or describe a new one; `plan` is an older name of `price`. */
interface PriceParams {
  readonly price?: string;
  readonly plan?: string;
  readonly price_data?: Params<'priceCreate'>;
}

/** The price that somebody wants to subscribe to or to bill once; undefined when none is named. */
export function wantedPrice(
  context: Context,
  params: PriceParams,
  type: Price['type'],
  at: string,
): Price | undefined {
  if (params.price_data) return createPrice(context, params.price_data);
  const id = params.price ?? params.plan;
  if (id === undefined) return undefined;
  const price = activePrice(context, id, `${at}[price]`);
  if (price.type !== type) {
    throw invalid(
      `The price specified is set to \`type=${price.type}\` but this field only accepts prices with \`type=${type}\`.`,
      `${at}[price]`,
    );
  }
  return price;
}

/** The price of this id, if it can still be sold; Stripe's 400 otherwise. */
export function activePrice(context: Context, id: string, param: string): Price {
  const price = named(context, 'price', id, param);
  if (price.active) return price;
  throw invalid('The price specified is inactive. This field only accepts active prices.', param);
}

/** Stripe's 400 unless all prices are of one currency and recur in one rhythm. */
export function checkPricesTogether(prices: readonly Price[], currency: string): void {
  const [first] = prices;
  if (!first) throw missing('items');
  for (const [index, price] of prices.entries()) {
    if (price.currency !== currency) {
      throw invalid(
        `The price specified only supports \`${price.currency}\`. This doesn't match the expected currency: \`${currency}\`.`,
        `items[${index}][price]`,
      );
    }
    if (!recursLike(price, first)) {
      throw invalid(
        'All prices on a subscription must have the same `recurring.interval` and `recurring.interval_count`. If you meant to update an existing subscription item instead of creating a new one, make sure to include the subscription item ID in your request.',
        'items',
      );
    }
  }
}

export function recursLike(one: Price, other: Price): boolean {
  const [a, b] = [recurrenceOf(one), recurrenceOf(other)];
  return a.interval === b.interval && a.interval_count === b.interval_count;
}

/** A number of units that can be subscribed to. */
export function wantedQuantity(quantity: number | undefined, at: string): number {
  if (quantity !== undefined && quantity < 0) throw tooSmall(0, at);
  return quantity ?? 1;
}

type ExtraParams = NonNullable<Params<'subscriptionCreate'>['add_invoice_items']>[number];

/** One-time prices that go on a subscription's next invoice (`add_invoice_items`). */
export function wantedExtras(
  context: Context,
  params: readonly ExtraParams[] | undefined,
): { price: Price; quantity: number }[] {
  return (params ?? []).map((extra, index) => {
    const at = `add_invoice_items[${index}]`;
    refuseUnsupported(extra, ['discountable', 'discounts', 'metadata', 'period', 'tax_rates']);
    const price = wantedPrice(context, extra, 'one_time', at);
    if (!price) throw missing(`${at}[price]`);
    return { price, quantity: wantedQuantity(extra.quantity, `${at}[quantity]`) };
  });
}
