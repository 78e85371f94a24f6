import Stripe from 'stripe';
import { invalid, refuseUnsupported } from '../api/errors.ts';
import type { Params } from '../api/parameters.ts';
import { mergeMetadata, textOrNull } from '../api/values.ts';
import type { Context } from '../state/context.ts';
import { newId } from '../state/ids.ts';
import type { ObjectTypes } from '../state/wire.ts';

/** A new endpoint, enabled. Its secret is not part of it: see webhooks/secrets.ts. */
export function newWebhookEndpoint(
  context: Context,
  params: Params<'webhookEndpointCreate'>,
  id: string = newId('we_1'),
): ObjectTypes['webhook_endpoint'] {
  refuseUnsupported(params, ['connect']);
  return {
    id,
    object: 'webhook_endpoint',
    api_version: params.api_version ?? Stripe.API_VERSION,
    application: null,
    created: context.now(),
    description: textOrNull(params.description),
    enabled_events: checkEnabledEvents(params.enabled_events),
    livemode: false,
    metadata: mergeMetadata({}, params.metadata),
    status: 'enabled',
    url: checkEndpointUrl(params.url),
  };
}

/** Refuses what Stripe refuses: an empty list, or a wildcard beside names. */
export function checkEnabledEvents(events: readonly string[]): string[] {
  if (events.length === 0 || (events.length > 1 && events.includes('*'))) {
    throw invalid(
      "Invalid enabled_events: must be a list of event types, or only '*' for all of them.",
      'enabled_events',
    );
  }
  return [...new Set(events)];
}

/** Test mode takes plain HTTP too. */
export function checkEndpointUrl(url: string): string {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url;
  throw invalid('Invalid URL: An explicit scheme (such as https) must be provided.', 'url', 'url_invalid');
}
