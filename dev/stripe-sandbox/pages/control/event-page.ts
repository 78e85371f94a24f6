import { own } from '../../api/operations.ts';
import type { Deliveries } from '../../webhooks/deliveries.ts';
import { html } from '../html.ts';
import type { PageRequest } from '../page.ts';
import { button, time, type Content } from './layout.ts';
import { deliveryTable } from './event-tables.ts';

/** One event: what it says, and how its deliveries went. */
export function eventPage({ context, id }: PageRequest, deliveries: Deliveries): Content {
  const event = own(context, 'event', id);
  const path = `/events/${id}/resend`;
  const wanting = deliveries.wanting(event.type);
  return {
    title: event.type,
    body: html`
      <p>${event.id}, ${time(event.created)}. ${pendingText(event.pending_webhooks)}</p>
      <div class="buttons">
        ${button('Send again', path, `/events/${id}`)}
        ${wanting.map((one) => button(`Only to ${one.url}`, path, `/events/${id}`, { fields: { endpoint: one.id } }))}
      </div>
      <h2>Deliveries</h2>
      ${deliveryTable(deliveries.records.filter((one) => one.event === id).toReversed())}
      <h2>Content</h2>
      <pre class="scroll">${JSON.stringify(event, null, 2)}</pre>
    `,
  };
}

function pendingText(count: number): string {
  if (count === 0) return 'No endpoint waits for it.';
  return count === 1 ? 'One endpoint has not taken it yet.' : `${count} endpoints have not taken it yet.`;
}
