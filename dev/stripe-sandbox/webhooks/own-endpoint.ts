import { newWebhookEndpoint } from '../objects/webhook-endpoint.ts';
import type { Context } from '../state/context.ts';
import { setSecret } from './secrets.ts';

/** The endpoint that whoever starts the sandbox names; the same one from run to run. */
const OWN_ENDPOINT = 'we_1SandboxOwnEndpoint00000';

/**
 * Lets every event go to `url`, signed by `secret`, beside the endpoints that
 * the API made; undefined disables it. Returns the endpoint's id.
 */
export function setOwnEndpoint(context: Context, secret: string, url: string | undefined): string {
  const { store } = context;
  const known = store.get('webhook_endpoint', OWN_ENDPOINT);
  if (url === undefined) {
    if (known) store.put({ ...known, status: 'disabled' });
    return OWN_ENDPOINT;
  }
  store.put(
    known
      ? { ...known, status: 'enabled', url }
      : newWebhookEndpoint(
          context,
          { url, enabled_events: ['*'], description: 'Set where the sandbox was started' },
          OWN_ENDPOINT,
        ),
  );
  setSecret(store, OWN_ENDPOINT, secret);
  return OWN_ENDPOINT;
}
