import { change, previousAttributes, type Context } from '../state/context.ts';
import { invalid } from '../api/errors.ts';
import { equals } from '../api/lists.ts';
import { list, named, operation, own, retrieve, type Operation } from '../api/operations.ts';
import type { Params } from '../api/parameters.ts';
import { defined, mergeMetadata, updatedList, updatedText } from '../api/values.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { checkAddresses, createProduct, taxDetails } from '../objects/product.ts';
import { createPrice } from '../objects/price.ts';

const PATH = '/v1/products';
type Product = ObjectTypes['product'];

export const products: readonly Operation[] = [
  operation('POST', PATH, 'productCreate', (context, params) => {
    const product = createProduct(context, params);
    if (!params.default_price_data) return product;
    const price = createPrice(context, { ...params.default_price_data, product: product.id });
    return change(context, product, { default_price: price.id }, 'product.updated');
  }),
  retrieve(PATH, 'product'),
  operation('POST', `${PATH}/:id`, 'productUpdate', (context, params, id) =>
    updateProduct(context, own(context, 'product', id), params),
  ),
  operation('DELETE', `${PATH}/:id`, 'nothing', (context, _params, id) => {
    const product = own(context, 'product', id);
    if (context.store.all('price').some((price) => price.product === id)) {
      throw invalid('This product cannot be deleted because it has one or more user-created prices.');
    }
    context.events.emit(context, 'product.deleted', product);
    return context.store.delete(product);
  }),
  list(
    PATH,
    'product',
    'productList',
    (product, params) =>
      equals(product.active, params.active) &&
      equals(product.shippable, params.shippable) &&
      equals(product.type, params.type) &&
      equals(product.url, params.url) &&
      (params.ids === undefined || params.ids.includes(product.id)),
  ),
];

function updateProduct(context: Context, product: Product, params: Params<'productUpdate'>): Product {
  if (params.name === '') throw invalid("'name' cannot be unset.", 'name', 'parameter_invalid_empty');
  checkAddresses(params);
  if (params.default_price) checkDefaultPrice(context, product, params.default_price);
  const patch = defined({
    active: params.active,
    default_price: updatedText(params.default_price, undefined),
    description: updatedText(params.description, undefined),
    images: updatedList(params.images),
    marketing_features: updatedList(params.marketing_features),
    metadata: mergeMetadata(product.metadata, params.metadata),
    name: params.name,
    package_dimensions: params.package_dimensions === '' ? null : params.package_dimensions,
    shippable: params.shippable,
    statement_descriptor: updatedText(params.statement_descriptor, undefined),
    tax_code: updatedText(params.tax_code, undefined),
    tax_details: params.tax_details === '' ? null : params.tax_details && taxDetails(params.tax_details),
    unit_label: updatedText(params.unit_label, undefined),
    url: updatedText(params.url, undefined),
  });
  const isSame = Object.keys(previousAttributes(product, { ...product, ...patch })).length === 0;
  const updated = isSame ? {} : { ...patch, updated: context.now() };
  return change(context, product, updated, 'product.updated');
}

function checkDefaultPrice(context: Context, product: Product, id: string): void {
  const price = named(context, 'price', id, 'default_price');
  if (price.product === product.id) return;
  throw invalid(`The price \`${id}\` does not belong to the product \`${product.id}\`.`, 'default_price');
}
