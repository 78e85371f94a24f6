import { invalid, refuseUnsupported } from '../api/errors.ts';
import { equals } from '../api/lists.ts';
import { list, operation, own, retrieve, type Operation } from '../api/operations.ts';
import type { Params } from '../api/parameters.ts';
import { defined, mergeMetadata, updatedText } from '../api/values.ts';
import { claimLookupKey, createPrice, UNSUPPORTED_IN_PRICES } from '../objects/price.ts';
import { tellPlan } from '../objects/plan.ts';
import { change, type Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';

const PATH = '/v1/prices';
type Price = ObjectTypes['price'];

export const prices: readonly Operation[] = [
  operation('POST', PATH, 'priceCreate', (context, params) => createPrice(context, params)),
  retrieve(PATH, 'price'),
  operation('POST', `${PATH}/:id`, 'priceUpdate', (context, params, id) =>
    updatePrice(context, own(context, 'price', id), params),
  ),
  list(
    PATH,
    'price',
    'priceList',
    (price, params) =>
      equals(price.active, params.active) &&
      equals(price.currency, params.currency?.toLowerCase()) &&
      equals(price.product, params.product) &&
      equals(price.type, params.type) &&
      equals(price.recurring?.interval, params.recurring?.interval) &&
      equals(price.recurring?.meter, params.recurring?.meter) &&
      equals(price.recurring?.usage_type, params.recurring?.usage_type) &&
      (params.lookup_keys === undefined ||
        (price.lookup_key !== null && params.lookup_keys.includes(price.lookup_key))),
  ),
];

function updatePrice(context: Context, price: Price, params: Params<'priceUpdate'>): Price {
  refuseUnsupported(params, UNSUPPORTED_IN_PRICES);
  const isDefault = context.store.get('product', price.product)?.default_price === price.id;
  if (params.active === false && isDefault) {
    throw invalid('This price cannot be archived because it is the default price of its product.', 'active');
  }
  const lookupKey = updatedText(params.lookup_key, price.lookup_key);
  if (lookupKey !== price.lookup_key) {
    claimLookupKey(context, lookupKey, params.transfer_lookup_key ?? false);
  }
  const patch = defined({
    active: params.active,
    lookup_key: lookupKey,
    metadata: mergeMetadata(price.metadata, params.metadata),
    nickname: updatedText(params.nickname, undefined),
    tax_behavior: params.tax_behavior,
  });
  tellPlan(context, 'plan.updated', { ...price, ...patch }, price);
  return change(context, price, patch, 'price.updated');
}
