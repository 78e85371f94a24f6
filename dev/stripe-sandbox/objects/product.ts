import { add, type Context } from '../state/context.ts';
import { invalid } from '../api/errors.ts';
import { newId } from '../state/ids.ts';
import type { Params } from '../api/parameters.ts';
import { mergeMetadata, textOrNull } from '../api/values.ts';
import { checkWebAddress } from '../api/web-address.ts';
import type { ObjectTypes } from '../state/wire.ts';

const IMAGES_AT_MOST = 8;
type Product = ObjectTypes['product'];

/** Makes a product; also of a price's or a line item's `product_data`. */
export function createProduct(context: Context, params: Params<'productCreate'>): Product {
  if (params.id !== undefined && context.store.find(params.id)) {
    throw invalid('Product already exists.', 'id', 'resource_already_exists');
  }
  checkAddresses(params);
  const product: Product = {
    id: params.id ?? newId('prod_'),
    object: 'product',
    active: params.active ?? true,
    created: context.now(),
    default_price: null,
    description: textOrNull(params.description),
    images: params.images ?? [],
    livemode: false,
    marketing_features: params.marketing_features ?? [],
    metadata: mergeMetadata({}, params.metadata),
    name: params.name,
    package_dimensions: params.package_dimensions ?? null,
    shippable: params.shippable ?? null,
    statement_descriptor: textOrNull(params.statement_descriptor),
    tax_code: textOrNull(params.tax_code),
    tax_details: taxDetails(params.tax_details),
    type: params.type ?? 'service',
    unit_label: textOrNull(params.unit_label),
    updated: context.now(),
    url: textOrNull(params.url),
  };
  return add(context, product, 'product.created');
}

/** Of the product's pictures and page; there are eight pictures at most. */
export function checkAddresses({ images, url }: Pick<Params<'productUpdate'>, 'images' | 'url'>): void {
  if (images && images.length > IMAGES_AT_MOST) {
    throw invalid(`You may only specify up to ${IMAGES_AT_MOST} images.`, 'images');
  }
  for (const [index, image] of (images || []).entries()) checkWebAddress(image, `images[${index}]`);
  checkWebAddress(textOrNull(url), 'url');
}

export function taxDetails(params: Params<'productCreate'>['tax_details']): Product['tax_details'] {
  if (!params) return null;
  return {
    performance_location: textOrNull(params.performance_location),
    tax_code: textOrNull(params.tax_code),
  };
}
