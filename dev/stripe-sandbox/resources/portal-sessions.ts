import { add } from '../state/context.ts';
import { invalid, missing, refuseUnsupported } from '../api/errors.ts';
import { newId, randomText } from '../state/ids.ts';
import { named, operation, type Operation } from '../api/operations.ts';
import { textOrNull } from '../api/values.ts';
import type { ObjectTypes } from '../state/wire.ts';

const PATH = '/v1/billing_portal/sessions';

export const portalSessions: readonly Operation[] = [
  operation('POST', PATH, 'portalSessionCreate', (context, params) => {
    refuseUnsupported(params, ['after_expiration', 'customer_account', 'flow_data', 'on_behalf_of']);
    if (params.customer === undefined) throw missing('customer');
    if (params.return_url !== undefined && !URL.canParse(params.return_url)) {
      throw invalid('Not a valid URL', 'return_url', 'url_invalid');
    }
    const session: ObjectTypes['billing_portal.session'] = {
      id: newId('bps_1'),
      object: 'billing_portal.session',
      configuration: params.configuration ?? newId('bpc_1'),
      created: context.now(),
      customer: named(context, 'customer', params.customer, 'customer').id,
      customer_account: null,
      flow: null,
      livemode: false,
      locale: params.locale ?? null,
      on_behalf_of: null,
      return_url: textOrNull(params.return_url),
      url: `${context.url}/p/session/test_${randomText(60)}`,
    };
    return add(context, session, 'billing_portal.session.created');
  }),
];
