import { invalid, missing, noSuch, refuseUnsupported } from '../api/errors.ts';
import { named } from '../api/operations.ts';
import type { Params } from '../api/parameters.ts';
import { textOrNull } from '../api/values.ts';
import { checkWebAddress } from '../api/web-address.ts';
import type { Configuration } from '../objects/portal-configuration.ts';
import { add, type Context } from '../state/context.ts';
import { newId, randomText } from '../state/ids.ts';
import { DAY_SECONDS } from '../state/period.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { defaultConfiguration } from './default-configuration.ts';
import { newFlow } from './flow.ts';

export type PortalSession = ObjectTypes['billing_portal.session'];

/**
 * A session of the customer portal
 * (https://docs.stripe.com/api/customer_portal/sessions/create). It lives in
 * the sandbox's own time even when its customer has a test clock: whoever holds
 * the link does.
 */
export function createPortalSession(context: Context, params: Params<'portalSessionCreate'>): PortalSession {
  refuseUnsupported(params, ['after_expiration', 'customer_account', 'on_behalf_of']);
  if (params.customer === undefined) throw missing('customer');
  const customer = named(context, 'customer', params.customer, 'customer');
  const configuration = configurationOf(context, params.configuration);
  checkWebAddress(textOrNull(params.return_url), 'return_url');
  const session: PortalSession = {
    id: newId('bps_1'),
    object: 'billing_portal.session',
    configuration: configuration.id,
    created: context.sandboxClock.now(),
    customer: customer.id,
    customer_account: null,
    flow: params.flow_data ? newFlow(context, params.flow_data, customer.id, configuration) : null,
    livemode: false,
    locale: params.locale ?? null,
    on_behalf_of: null,
    return_url: textOrNull(params.return_url) ?? configuration.default_return_url,
    url: `${context.url}/p/session/test_${randomText(60)}`,
  };
  return add(context, session, 'billing_portal.session.created');
}

function configurationOf(context: Context, id: string | undefined): Configuration {
  if (id === undefined) return defaultConfiguration(context);
  const configuration = context.store.get('billing_portal.configuration', id);
  if (!configuration) throw noSuch('configuration', id, 'configuration');
  if (configuration.active) return configuration;
  throw invalid(`The configuration \`${id}\` is not active.`, 'configuration');
}

/** Whether a session's link is too old. Stripe keeps its time to itself; here it is a day. */
export function hasExpired(context: Context, session: PortalSession): boolean {
  return context.sandboxClock.now() >= session.created + DAY_SECONDS;
}
