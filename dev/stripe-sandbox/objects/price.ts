import { invalid, missing, onlyOneOf, refuseUnsupported } from '../api/errors.ts';
import { named } from '../api/operations.ts';
import type { Params } from '../api/parameters.ts';
import { mergeMetadata, textOrNull } from '../api/values.ts';
import { add, change, type Context } from '../state/context.ts';
import { newId } from '../state/ids.ts';
import { checkCurrency, wholeMinorUnits } from '../api/money.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { tellPlan } from './plan.ts';
import { createProduct } from './product.ts';

/** Parameters of a price that this sandbox does not play. */
export const UNSUPPORTED_IN_PRICES = [
  'currency_options',
  'custom_unit_amount',
  'tiers',
  'tiers_mode',
  'transform_quantity',
];
type Price = ObjectTypes['price'];

/** Makes a price; also of a session's `price_data`, a product's `default_price_data` and of a plan. */
export function createPrice(
  context: Context,
  params: Params<'priceCreate'>,
  id: string = newId('price_1'),
): Price {
  refuseUnsupported(params, UNSUPPORTED_IN_PRICES);
  if (params.billing_scheme === 'tiered' || params.recurring?.usage_type === 'metered') {
    throw invalid('The local Stripe sandbox has neither tiered nor metered prices.', 'billing_scheme');
  }
  const currency = checkCurrency(params.currency, 'currency');
  const amount = unitAmount(params);
  const recurring = recurrence(params.recurring);
  const lookupKey = textOrNull(params.lookup_key);
  claimLookupKey(context, lookupKey, params.transfer_lookup_key ?? false);
  const price: Price = {
    id,
    object: 'price',
    active: params.active ?? true,
    billing_scheme: 'per_unit',
    created: context.now(),
    currency,
    custom_unit_amount: null,
    livemode: false,
    lookup_key: lookupKey,
    metadata: mergeMetadata({}, params.metadata),
    nickname: textOrNull(params.nickname),
    product: productOf(context, params),
    recurring,
    tax_behavior: params.tax_behavior ?? 'unspecified',
    tiers_mode: null,
    transform_quantity: null,
    type: recurring ? 'recurring' : 'one_time',
    ...amount,
  };
  tellPlan(context, 'plan.created', price);
  return add(context, price, 'price.created');
}

function productOf(context: Context, params: Params<'priceCreate'>): string {
  if (params.product !== undefined && params.product_data !== undefined) {
    throw onlyOneOf(['product', 'product_data'], 'product');
  }
  if (params.product_data) return createProduct(context, params.product_data).id;
  if (params.product === undefined) throw missing('product');
  return named(context, 'product', params.product, 'product').id;
}

function unitAmount(params: Params<'priceCreate'>): Pick<Price, 'unit_amount' | 'unit_amount_decimal'> {
  const { unit_amount, unit_amount_decimal } = params;
  if (unit_amount !== undefined && unit_amount_decimal !== undefined) {
    throw onlyOneOf(['unit_amount', 'unit_amount_decimal'], 'unit_amount');
  }
  if (unit_amount !== undefined) {
    return {
      unit_amount: wholeMinorUnits(unit_amount, 'unit_amount'),
      unit_amount_decimal: String(unit_amount),
    };
  }
  if (unit_amount_decimal === undefined) throw missing('unit_amount');
  if (!/^\d+(\.\d{1,12})?$/.test(unit_amount_decimal)) {
    throw invalid(`Invalid decimal: ${unit_amount_decimal}`, 'unit_amount_decimal');
  }
  const amount = Number(unit_amount_decimal);
  return { unit_amount: Number.isInteger(amount) ? amount : null, unit_amount_decimal };
}

function recurrence(params: Params<'priceCreate'>['recurring']): Price['recurring'] {
  if (!params) return null;
  const count = params.interval_count ?? 1;
  const limits = { day: 1095, week: 156, month: 36, year: 3 };
  if (count < 1 || count > limits[params.interval]) {
    throw invalid('Interval count must be positive and at most three years.', 'recurring[interval_count]');
  }
  return {
    interval: params.interval,
    interval_count: count,
    meter: textOrNull(params.meter),
    trial_period_days: params.trial_period_days ?? null,
    usage_type: params.usage_type ?? 'licensed',
  };
}

/** A lookup key belongs to one price; taking it from another must be asked for. */
export function claimLookupKey(context: Context, key: string | null, transfer: boolean): void {
  const holder =
    key === null ? undefined : context.store.all('price').find((price) => price.lookup_key === key);
  if (!holder) return;
  if (!transfer) {
    throw invalid(`A price (\`${holder.id}\`) already uses that lookup key.`, 'lookup_key');
  }
  change(context, holder, { lookup_key: null }, 'price.updated');
}
