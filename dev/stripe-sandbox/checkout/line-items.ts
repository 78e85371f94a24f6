import type { Context } from '../state/context.ts';
import { invalid, missing, onlyOneOf, refuseUnsupported, tooSmall } from '../api/errors.ts';
import { newId } from '../state/ids.ts';
import type { Params } from '../api/parameters.ts';
import { mergeMetadata } from '../api/values.ts';
import { activePrice } from '../billing/subscriptions/wanted-items.ts';
import { createPrice } from '../objects/price.ts';
import type { ObjectTypes } from '../state/wire.ts';
import type { LineItem, Mode } from './details.ts';
import { fullAmount } from './price-session.ts';

type LineItemParams = NonNullable<Params<'checkoutSessionCreate'>['line_items']>[number];
type Price = ObjectTypes['price'];

/** The session's line items; throws Stripe's 400 for what cannot be sold in this mode. */
export function lineItemsOf(
  context: Context,
  mode: Mode,
  params: readonly LineItemParams[] | undefined,
): LineItem[] {
  if (params === undefined || params.length === 0) throw missing('line_items');
  const items = params.map((item, index) => lineItem(context, mode, item, `line_items[${index}]`));
  checkTogether(mode, items);
  return items;
}

function lineItem(context: Context, mode: Mode, params: LineItemParams, at: string): LineItem {
  refuseUnsupported(params, ['adjustable_quantity', 'tax_rates']);
  const price = priceOf(context, params, at);
  if (mode === 'payment' && price.type === 'recurring') {
    throw invalid(
      'You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices.',
      `${at}[price]`,
    );
  }
  const quantity = params.quantity;
  if (quantity === undefined) {
    throw invalid(
      `Quantity is required. Add \`quantity\` to \`${at}\``,
      `${at}[quantity]`,
      'parameter_missing',
    );
  }
  if (quantity < 1) throw tooSmall(1, `${at}[quantity]`);
  const amount = fullAmount({ price, quantity });
  return {
    id: newId('li_1'),
    object: 'item',
    adjustable_quantity: null,
    amount_discount: 0,
    amount_subtotal: amount,
    amount_tax: 0,
    amount_total: amount,
    currency: price.currency,
    description: context.store.must('product', price.product).name,
    metadata: mergeMetadata({}, params.metadata),
    price,
    quantity,
  };
}

function priceOf(context: Context, params: LineItemParams, at: string): Price {
  if (params.price !== undefined && params.price_data !== undefined) {
    throw onlyOneOf(['price', 'price_data'], at);
  }
  if (params.price_data) return createPrice(context, params.price_data);
  if (params.price === undefined) throw missing(`${at}[price]`);
  const price = activePrice(context, params.price, `${at}[price]`);
  if (!context.store.must('product', price.product).active) {
    throw invalid(
      `Price \`${price.id}\` is not available to be purchased because its product is not active.`,
      `${at}[price]`,
    );
  }
  return price;
}

function checkTogether(mode: Mode, items: readonly LineItem[]): void {
  const [first] = items;
  const other = items.findIndex((item) => item.currency !== first?.currency);
  if (other !== -1) {
    throw invalid(
      `The price specified only supports \`${items[other]?.currency}\`. This doesn't match the expected currency: \`${first?.currency}\`.`,
      `line_items[${other}][price]`,
    );
  }
  const intervals = new Set(items.flatMap(({ price }) => recurrenceName(price)));
  if (mode === 'subscription' && intervals.size === 0) {
    throw invalid(
      'You must provide at least one recurring price in `subscription` mode when using prices.',
      'line_items',
    );
  }
  if (intervals.size > 1) {
    throw invalid(
      'Checkout does not support multiple prices with different billing intervals.',
      'line_items',
    );
  }
}

function recurrenceName(price: Price | null): string[] {
  return price?.recurring ? [`${price.recurring.interval_count} ${price.recurring.interval}`] : [];
}
