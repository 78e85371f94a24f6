import type { Context } from '../../state/context.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { signingSecrets } from '../../webhooks/secrets.ts';
import { html, type Html } from '../html.ts';
import { button, code, controlPage, table, tag, time } from './layout.ts';

type WebhookEndpoint = ObjectTypes['webhook_endpoint'];

/** Where events go, and by which secrets they are signed. */
export function endpointsPage(context: Context): Html {
  return controlPage(
    'Webhook endpoints',
    table(
      ['Endpoint', 'Events', 'Status', 'Version', 'Signed by', ''],
      context.store.all('webhook_endpoint').map((one) => endpointRow(context, one)),
    ),
  );
}

function endpointRow({ store, sandboxClock }: Context, endpoint: WebhookEndpoint): Html {
  const secrets = signingSecrets(store, endpoint.id, sandboxClock.now()).map(
    ({ secret, expires_at }) =>
      html`<code>whsec_…${secret.slice(-4)}</code>
        ${expires_at === null ? '' : `until ${time(expires_at)}`}<br />`,
  );
  return html`<tr>
    <td>${endpoint.url}<br />${code(endpoint.id)} <small>${endpoint.description}</small></td>
    <td>${endpoint.enabled_events.join(', ')}</td>
    <td>${tag(endpoint.status)}</td>
    <td>${endpoint.api_version}</td>
    <td>${secrets}</td>
    <td>${endpointButtons(endpoint)}</td>
  </tr>`;
}

function endpointButtons({ id, status }: WebhookEndpoint): Html {
  const path = `/endpoints/${id}`;
  const back = '/endpoints';
  const isDisabled = status === 'disabled';
  return html`
    ${button('Roll the secret', `${path}/roll`, back)}
    ${button('Roll, the old one signs a day more', `${path}/roll`, back, { overlap_seconds: '86400' })}
    ${button(isDisabled ? 'Enable' : 'Disable', path, back, { disabled: String(!isDisabled) })}
  `;
}
