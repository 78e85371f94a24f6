import { invalid, missing, noSuch, refuseUnsupported } from '../api/errors.ts';
import { named } from '../api/operations.ts';
import type { Params } from '../api/parameters.ts';
import { textOrNull, updatedList } from '../api/values.ts';
import { checkWebAddress } from '../api/web-address.ts';
import type {
  Configuration,
  FeaturesParam,
  OfferedProduct,
  PortalOffer,
} from '../objects/portal-configuration.ts';
import type { Context } from '../state/context.ts';

const PRODUCTS_AT_MOST = 10;
const UPDATE = 'features[subscription_update]';
const CANCEL = 'features[subscription_cancel]';

/** Refuses what a configuration of this sandbox cannot have, and what is no address. */
export function checkParams(params: Params<'portalConfigurationUpdate'>): void {
  const { business_profile: profile, features, login_page: login } = params;
  const unplayed = {
    'login_page[enabled]': login?.enabled,
    'features[payment_method_update][payment_method_configuration]':
      features?.payment_method_update?.payment_method_configuration,
    'features[subscription_cancel][cancellation_reason][feedback_options]':
      features?.subscription_cancel?.cancellation_reason?.feedback_options,
    'features[subscription_pause][enabled]': features?.subscription_pause?.enabled,
    'features[subscription_pause][duration]': features?.subscription_pause?.duration,
  };
  refuseUnsupported(unplayed, Object.keys(unplayed));
  const updates = updatedList(features?.customer_update?.allowed_updates);
  const unplayedUpdate = updates?.find((name) => name === 'shipping' || name === 'tax_id');
  if (unplayedUpdate !== undefined) {
    throw invalid(
      `The customer portal of the local Stripe sandbox does not change '${unplayedUpdate}'.`,
      'features[customer_update][allowed_updates]',
    );
  }
  checkWebAddress(textOrNull(params.default_return_url), 'default_return_url');
  checkWebAddress(textOrNull(profile?.privacy_policy_url), 'business_profile[privacy_policy_url]');
  checkWebAddress(textOrNull(profile?.terms_of_service_url), 'business_profile[terms_of_service_url]');
}

/** Refuses features that do not fit together. */
export function checkFeatures(
  { features, is_default }: Pick<Configuration, 'features' | 'is_default'>,
  offer: PortalOffer,
): void {
  const { subscription_cancel: cancel, subscription_update: update } = features;
  if (cancel.proration_behavior === 'always_invoice') {
    throw invalid(
      '`always_invoice` is not supported: pass `none` or `create_prorations`.',
      `${CANCEL}[proration_behavior]`,
    );
  }
  if (cancel.proration_behavior === 'create_prorations' && cancel.mode !== 'immediately') {
    throw invalid(
      '`create_prorations` is only compatible with `mode=immediately`.',
      `${CANCEL}[proration_behavior]`,
    );
  }
  if (!update.enabled) return;
  if (update.default_allowed_updates.length === 0) throw missing(`${UPDATE}[default_allowed_updates]`);
  const offersNothing = offer.products === null ? !is_default : offer.products.length === 0;
  if (offersNothing) throw missing(`${UPDATE}[products]`);
}

type ProductsParam = NonNullable<FeaturesParam['subscription_update']>['products'];

/** The products that `params` offer; undefined when they say nothing of it. Throws Stripe's 400. */
export function offeredProducts(
  context: Context,
  params: ProductsParam,
  quantityMayChange: boolean,
): OfferedProduct[] | undefined {
  const products = updatedList(params);
  if (products && products.length > PRODUCTS_AT_MOST) {
    throw invalid(
      `Array ${UPDATE}[products] exceeded maximum ${PRODUCTS_AT_MOST} allowed elements.`,
      `${UPDATE}[products]`,
    );
  }
  return products?.map(({ adjustable_quantity: adjustable, prices, product }, index) => {
    const param = `${UPDATE}[products][${index}]`;
    named(context, 'product', product, `${param}[product]`);
    checkPrices(context, product, prices, `${param}[prices]`);
    return {
      adjustable_quantity: {
        enabled: adjustable?.enabled ?? quantityMayChange,
        maximum: adjustable?.maximum ?? null,
        minimum: adjustable?.minimum ?? 1,
      },
      prices,
      product,
    };
  });
}

/** A customer tells the prices of one product by their interval, so two of one interval are refused. */
function checkPrices(context: Context, product: string, prices: readonly string[], param: string): void {
  const seen = new Set<string>();
  for (const [index, id] of prices.entries()) {
    const price = named(context, 'price', id, `${param}[${index}]`);
    if (price.product !== product) throw noSuch('price', id, `${param}[${index}]`);
    if (!price.recurring) {
      throw invalid(`The price \`${id}\` is not recurring.`, `${param}[${index}]`);
    }
    const interval = `${price.currency} ${price.recurring.interval_count} ${price.recurring.interval}`;
    if (seen.has(interval)) {
      throw invalid(
        `The product \`${product}\` has multiple prices with the same billing interval. A product's prices must have unique billing intervals.`,
        param,
      );
    }
    seen.add(interval);
  }
}
