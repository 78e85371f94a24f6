import type { Params } from '../api/parameters.ts';
import { defined, mergeMetadata, textOrNull, updatedList, updatedText } from '../api/values.ts';
import type { Context } from '../state/context.ts';
import { newId } from '../state/ids.ts';
import type { ObjectTypes } from '../state/wire.ts';

export type Configuration = ObjectTypes['billing_portal.configuration'];
export type Features = Configuration['features'];
/** An update's features; those of a creation have the same members, more of them required. */
export type FeaturesParam = NonNullable<Params<'portalConfigurationUpdate'>['features']>;
/** Of which products a customer may choose which prices. */
export type OfferedProduct = NonNullable<Features['subscription_update']['products']>[number];

/** What belongs to a configuration and the API shows on request only, by `expand`. */
export interface PortalOffer {
  /** null: every active recurring price. Only the default configuration begins so. */
  readonly products: readonly OfferedProduct[] | null;
}

/** A configuration of the customer portal, not kept yet. */
export function newPortalConfiguration(
  context: Context,
  features: Features,
  params: Omit<Params<'portalConfigurationCreate'>, 'features'>,
  isDefault: boolean,
): Configuration {
  return {
    id: newId('bpc_1'),
    object: 'billing_portal.configuration',
    active: true,
    application: null,
    business_profile: businessProfile(NO_PROFILE, params.business_profile),
    created: context.now(),
    default_return_url: textOrNull(params.default_return_url),
    features,
    is_default: isDefault,
    livemode: false,
    login_page: { enabled: false, url: null },
    metadata: mergeMetadata({}, params.metadata),
    name: textOrNull(params.name),
    updated: context.now(),
  };
}

type Profile = Configuration['business_profile'];

const NO_PROFILE: Profile = { headline: null, privacy_policy_url: null, terms_of_service_url: null };

/** `old` with what `params` say of it. */
export function businessProfile(
  old: Profile,
  params: Params<'portalConfigurationUpdate'>['business_profile'],
): Profile {
  return {
    headline: updatedText(params?.headline, old.headline),
    privacy_policy_url: updatedText(params?.privacy_policy_url, old.privacy_policy_url),
    terms_of_service_url: updatedText(params?.terms_of_service_url, old.terms_of_service_url),
  };
}

/** What a configuration allows when it says nothing. */
export const NO_FEATURES: Features = {
  customer_update: { allowed_updates: [], enabled: false },
  invoice_history: { enabled: false },
  payment_method_update: { enabled: false, payment_method_configuration: null },
  subscription_cancel: {
    cancellation_reason: {
      enabled: false,
      feedback_options: null,
      options: ['too_expensive', 'missing_features', 'switched_service', 'unused', 'other'],
    },
    enabled: false,
    mode: 'at_period_end',
    proration_behavior: 'none',
  },
  subscription_pause: {
    duration: { interval_options: [{ interval: 'month', interval_count: 1 }], type: 'interval_options' },
    enabled: false,
  },
  subscription_update: {
    billing_cycle_anchor: null,
    default_allowed_updates: [],
    enabled: false,
    proration_behavior: 'none',
    schedule_at_period_end: { conditions: [] },
    trial_update_behavior: 'end_trial',
  },
};

/** `old` with what `params` say of each feature, apart from the products. */
export function changedFeatures(old: Features, params: FeaturesParam): Features {
  const { customer_update: customer, payment_method_update: method } = params;
  const { subscription_cancel: cancel, subscription_update: update } = params;
  const conditions = updatedList(update?.schedule_at_period_end?.conditions);
  return {
    customer_update: {
      ...old.customer_update,
      ...defined({ allowed_updates: updatedList(customer?.allowed_updates), enabled: customer?.enabled }),
    },
    invoice_history: params.invoice_history ?? old.invoice_history,
    payment_method_update: { ...old.payment_method_update, ...defined({ enabled: method?.enabled }) },
    subscription_cancel: {
      ...old.subscription_cancel,
      ...defined({
        enabled: cancel?.enabled,
        mode: cancel?.mode,
        proration_behavior: cancel?.proration_behavior,
      }),
      cancellation_reason: {
        ...old.subscription_cancel.cancellation_reason,
        ...defined({
          enabled: cancel?.cancellation_reason?.enabled,
          options: updatedList(cancel?.cancellation_reason?.options),
        }),
      },
    },
    subscription_pause: old.subscription_pause,
    subscription_update: {
      ...old.subscription_update,
      ...defined({
        billing_cycle_anchor: update?.billing_cycle_anchor,
        default_allowed_updates: updatedList(update?.default_allowed_updates),
        enabled: update?.enabled,
        proration_behavior: update?.proration_behavior,
        schedule_at_period_end: conditions && { conditions },
        trial_update_behavior: update?.trial_update_behavior,
      }),
    },
  };
}
