import { invalid } from '../api/errors.ts';
import { equals, page } from '../api/lists.ts';
import { operation, own, retrieve, type Operation } from '../api/operations.ts';
import type { Params } from '../api/parameters.ts';
import { defined, mergeMetadata, updatedText } from '../api/values.ts';
import {
  businessProfile,
  changedFeatures,
  newPortalConfiguration,
  NO_FEATURES,
  type Configuration,
  type Features,
  type FeaturesParam,
  type PortalOffer,
} from '../objects/portal-configuration.ts';
import { checkFeatures, checkParams, offeredProducts } from '../portal/check-configuration.ts';
import { defaultConfiguration } from '../portal/default-configuration.ts';
import { offerOf } from '../portal/offer.ts';
import { add, change, type Context } from '../state/context.ts';

const PATH = '/v1/billing_portal/configurations';

export const portalConfigurations: readonly Operation[] = [
  operation('POST', PATH, 'portalConfigurationCreate', create),
  retrieve(PATH, 'billing_portal.configuration'),
  operation('POST', `${PATH}/:id`, 'portalConfigurationUpdate', (context, params, id) =>
    update(context, own(context, 'billing_portal.configuration', id), params),
  ),
  operation('GET', PATH, 'portalConfigurationList', (context, params) => {
    defaultConfiguration(context);
    return page(
      context.store.all('billing_portal.configuration'),
      params,
      PATH,
      (one) => equals(one.active, params.active) && equals(one.is_default, params.is_default),
    );
  }),
];

function create(context: Context, params: Params<'portalConfigurationCreate'>): Configuration {
  checkParams(params);
  const features = changedFeatures(NO_FEATURES, params.features);
  const offer = changedOffer(context, { products: [] }, features, params.features);
  const configuration = newPortalConfiguration(context, features, params, false);
  checkFeatures(configuration, offer);
  context.store.setFacts('billing_portal.configuration', configuration.id, offer);
  return add(context, configuration, 'billing_portal.configuration.created');
}

function update(
  context: Context,
  configuration: Configuration,
  params: Params<'portalConfigurationUpdate'>,
): Configuration {
  checkParams(params);
  if (configuration.is_default && params.active === false) {
    throw invalid('You cannot deactivate the default configuration.', 'active');
  }
  const features = changedFeatures(configuration.features, params.features ?? {});
  const old = offerOf(context, configuration);
  const offer = changedOffer(context, old, features, params.features ?? {});
  checkFeatures({ ...configuration, features }, offer);
  context.store.setFacts('billing_portal.configuration', configuration.id, offer);
  const patch = defined({
    active: params.active,
    business_profile: businessProfile(configuration.business_profile, params.business_profile),
    default_return_url: updatedText(params.default_return_url, undefined),
    features,
    metadata: mergeMetadata(configuration.metadata ?? {}, params.metadata),
    name: updatedText(params.name, undefined),
    updated: context.now(),
  });
  return change(context, configuration, patch, 'billing_portal.configuration.updated');
}

function changedOffer(
  context: Context,
  old: PortalOffer,
  features: Features,
  params: FeaturesParam,
): PortalOffer {
  const quantityMayChange = features.subscription_update.default_allowed_updates.includes('quantity');
  const products = offeredProducts(context, params.subscription_update?.products, quantityMayChange);
  return products ? { products } : old;
}
