import { own } from '../../api/operations.ts';
import type { Deliveries } from '../../webhooks/deliveries.ts';
import { html, type Html } from '../html.ts';
import type { PageRequest } from '../page.ts';
import { button, controlPage, time } from './layout.ts';
import { deliveryTable } from './rows.ts';

/** One event: what it says, and how its deliveries went. */
export function eventPage({ context, id }: PageRequest, deliveries: Deliveries): Html {
  const event = own(context, 'event', id);
  const path = `/events/${id}/resend`;
  const wanting = deliveries.wanting(event.type);
  return controlPage(
    event.type,
    html`
      <p>${event.id}, ${time(event.created)}; ${event.pending_webhooks} endpoints have not taken it.</p>
      <div class="buttons">
        ${button('Send again', path, `/events/${id}`)}
        ${wanting.map((one) => button(`Only to ${one.url}`, path, `/events/${id}`, { endpoint: one.id }))}
      </div>
      <h2>Deliveries</h2>
      ${deliveryTable(deliveries.records.filter((one) => one.event === id).toReversed())}
      <h2>Content</h2>
      <pre class="scroll">${JSON.stringify(event, null, 2)}</pre>
    `,
  );
}
