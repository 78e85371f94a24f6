import type { Context } from '../../state/context.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { signingSecrets } from '../../webhooks/secrets.ts';
import { html, type Html } from '../html.ts';
import { button, code, table, tag, time, type Content } from './layout.ts';

type WebhookEndpoint = ObjectTypes['webhook_endpoint'];

/** Where events go, and by which secrets they are signed. */
export function endpointsPage(context: Context): Content {
  const body = table<WebhookEndpoint>(
    [
      ['Endpoint', ({ url, id, description }) => html`${url}<br />${code(id)} <small>${description}</small>`],
      ['Events', ({ enabled_events: types }) => types.join(', ')],
      ['Status', ({ status }) => tag(status)],
      ['Version', ({ api_version: version }) => version],
      ['Signed by', ({ id }) => secretsOf(context, id)],
      ['', endpointButtons],
    ],
    context.store.all('webhook_endpoint'),
  );
  return { title: 'Webhook endpoints', body };
}

function secretsOf({ store, sandboxClock }: Context, id: string): Html[] {
  return signingSecrets(store, id, sandboxClock.now()).map(
    ({ secret, expires_at }) =>
      html`<code>whsec_…${secret.slice(-4)}</code>
        ${expires_at === null ? '' : `until ${time(expires_at)}`}<br />`,
  );
}

function endpointButtons({ id, status }: WebhookEndpoint): Html {
  const path = `/endpoints/${id}`;
  const back = '/endpoints';
  const isDisabled = status === 'disabled';
  return html`
    ${button('Roll the secret', `${path}/roll`, back, { isGrave: true })}
    ${button('Roll, the old one signs a day more', `${path}/roll`, back, { fields: { overlap_seconds: '86400' } })}
    ${button(isDisabled ? 'Enable' : 'Disable', path, back, { fields: { disabled: String(!isDisabled) }, isGrave: !isDisabled })}
  `;
}
