import { list, operation, own, retrieve, type Operation } from '../api/operations.ts';
import type { Params } from '../api/parameters.ts';
import { defined, mergeMetadata, updatedText } from '../api/values.ts';
import { checkEnabledEvents, checkEndpointUrl, newWebhookEndpoint } from '../objects/webhook-endpoint.ts';
import { add, change, type Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { newSecret, setSecret } from '../webhooks/secrets.ts';

const PATH = '/v1/webhook_endpoints';
type WebhookEndpoint = ObjectTypes['webhook_endpoint'];

/** Where events go (https://docs.stripe.com/api/webhook_endpoints). Only the answer of a create has the secret. */
export const webhookEndpoints: readonly Operation[] = [
  operation('POST', PATH, 'webhookEndpointCreate', (context, params) => {
    const endpoint = add(context, newWebhookEndpoint(context, params));
    const secret = newSecret();
    setSecret(context.store, endpoint.id, secret);
    return { ...endpoint, secret };
  }),
  retrieve(PATH, 'webhook_endpoint'),
  operation('POST', `${PATH}/:id`, 'webhookEndpointUpdate', (context, params, id) =>
    updateEndpoint(context, own(context, 'webhook_endpoint', id), params),
  ),
  operation('DELETE', `${PATH}/:id`, 'nothing', (context, _params, id) =>
    context.store.delete(own(context, 'webhook_endpoint', id)),
  ),
  list(PATH, 'webhook_endpoint', 'webhookEndpointList'),
];

function updateEndpoint(
  context: Context,
  endpoint: WebhookEndpoint,
  params: Params<'webhookEndpointUpdate'>,
): WebhookEndpoint {
  const { disabled, enabled_events, url } = params;
  const patch = defined({
    description: updatedText(params.description, undefined),
    enabled_events: enabled_events && checkEnabledEvents(enabled_events),
    metadata: mergeMetadata(endpoint.metadata, params.metadata),
    status: disabled === undefined ? undefined : disabled ? 'disabled' : 'enabled',
    url: url === undefined ? undefined : checkEndpointUrl(url),
  });
  return change(context, endpoint, patch);
}
