import { NO_FEATURES, newPortalConfiguration, type Configuration } from '../objects/portal-configuration.ts';
import { atClock } from '../state/clock.ts';
import type { Context } from '../state/context.ts';

/**
 * What the account's owner would have saved in the Dashboard. A change of plan
 * is prorated (`create_prorations`, the Dashboard's own choice) rather than for
 * nothing (`none`, the API's): who moves up in the middle of a month is to pay
 * for the rest of it, and that is what a person wants to see first.
 */
const DEFAULT_FEATURES: Configuration['features'] = {
  ...NO_FEATURES,
  customer_update: { allowed_updates: ['email', 'name', 'address', 'phone'], enabled: true },
  invoice_history: { enabled: true },
  payment_method_update: { enabled: true, payment_method_configuration: null },
  subscription_cancel: {
    ...NO_FEATURES.subscription_cancel,
    cancellation_reason: { ...NO_FEATURES.subscription_cancel.cancellation_reason, enabled: true },
    enabled: true,
  },
  subscription_update: {
    ...NO_FEATURES.subscription_update,
    default_allowed_updates: ['price', 'promotion_code'],
    enabled: true,
    proration_behavior: 'create_prorations',
  },
};

/**
 * The configuration of sessions that name none. It is made when it is needed
 * first, without an event: to the API it was there before everything else.
 */
export function defaultConfiguration(context: Context): Configuration {
  const known = context.store.all('billing_portal.configuration').find((one) => one.is_default);
  if (known) return known;
  const ownTime = atClock(context, context.sandboxClock);
  const configuration = newPortalConfiguration(ownTime, DEFAULT_FEATURES, {}, true);
  context.store.setFacts('billing_portal.configuration', configuration.id, { products: null });
  return context.store.put(configuration);
}
