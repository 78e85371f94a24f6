import { invalid } from '../../api/errors.ts';
import { own } from '../../api/operations.ts';
import { readChaosConfig } from '../../chaos/config.ts';
import { settleBankDebit } from '../../checkout/settle.ts';
import { displayMoney } from '../../state/money.ts';
import type { Store } from '../../state/store.ts';
import type { EventObject, ObjectTypes } from '../../state/wire.ts';
import type { Deliveries, Delivery } from '../../webhooks/deliveries.ts';
import { rollSecret } from '../../webhooks/secrets.ts';
import { document, html, type Html } from '../html.ts';
import type { PageRequest, PageRoute } from '../page.ts';
import { action, data, HOME, view } from './answers.ts';
import type { Controls } from './controls.ts';
import { stateOf } from './state.ts';

const ROWS_SHOWN = 50;

/**
 * What a person, a test or a script sees and does behind Stripe's back:
 *
 * - `GET /_sandbox`: the page
 * - `GET /_sandbox/state`: everything as JSON
 * - `GET /_sandbox/chaos`: the chaos that is on, and how often it struck
 * - `POST /_sandbox/chaos`: begins it, by the members of `ChaosConfig`; `off` ends it, as `DELETE` does
 * - `POST /_sandbox/events/:id/resend`: to all endpoints that want it, or to `endpoint`
 * - `POST /_sandbox/endpoints/:id/roll`: a new secret; the old one signs for `overlap_seconds` more
 * - `POST /_sandbox/sessions/:id/settle`: `outcome` of a bank debit: `succeed` or `fail`
 *
 * A form or JSON is taken; a browser's form is led back to the page, and
 * everybody else gets JSON.
 */
export function controlPages(controls: Controls): readonly PageRoute[] {
  const { chaos, deliveries } = controls;
  return [
    view('', ({ context }) => overview(context.store, deliveries)),
    data('/state', ({ context }) => stateOf(context.store, controls)),
    data('/chaos', () => chaos.state()),
    action('/chaos', ({ fields }) => chaos.set(fields.has('off') ? undefined : readChaosConfig(fields))),
    action('/chaos', () => chaos.set(undefined), 'DELETE'),
    action('/events/:id/resend', (request) => resend(request, deliveries)),
    action('/endpoints/:id/roll', roll),
    action('/sessions/:id/settle', settle),
  ];
}

function resend({ context, fields, id }: PageRequest, deliveries: Deliveries): object {
  const event = own(context, 'event', id);
  const endpoint = fields.get('endpoint') ?? undefined;
  return { sent: event.id, endpoints: deliveries.sendAgain(event, endpoint) };
}

function roll({ context, fields, id }: PageRequest): object {
  const { store, sandboxClock } = context;
  const secret = rollSecret(
    store,
    own(context, 'webhook_endpoint', id).id,
    sandboxClock.now(),
    Number(fields.get('overlap_seconds') ?? 0),
  );
  return { id, secret };
}

function settle({ context, fields, id }: PageRequest): object {
  const session = own(context, 'checkout.session', id);
  const outcome = fields.get('outcome');
  if (outcome !== 'succeed' && outcome !== 'fail') throw invalid("outcome must be 'succeed' or 'fail'.");
  return settleBankDebit(context, session, outcome === 'succeed');
}

function overview(store: Store, deliveries: Deliveries): Html {
  return document(
    'Stripe sandbox',
    html`
      <h1>Stripe sandbox</h1>
      <p>
        Everything as JSON:
        <a href="${HOME}/state">${HOME}/state</a>. The ${ROWS_SHOWN} latest of each:
      </p>
      <h2>Checkout sessions</h2>
      ${table(['Created', 'Session', 'Total', 'Status', ''], store.all('checkout.session').map(sessionRow))}
      <h2>Events</h2>
      ${table(['Created', 'Event', 'Type', 'About', ''], store.all('event').map(eventRow))}
      <h2>Deliveries</h2>
      ${table(['Started', 'Event', 'Attempt', 'Answer', 'Next'], deliveries.records.toReversed().map(deliveryRow))}
    `,
    'wide',
  );
}

function table(headings: readonly string[], rows: readonly Html[]): Html {
  if (rows.length === 0) return html`<p>None.</p>`;
  return html`<div class="scroll">
    <table>
      <tr>
        ${headings.map((heading) => html`<th>${heading}</th>`)}
      </tr>
      ${rows.slice(0, ROWS_SHOWN)}
    </table>
  </div>`;
}

function sessionRow(session: ObjectTypes['checkout.session']): Html {
  const waits = session.status === 'complete' && session.payment_status === 'unpaid';
  return html`<tr>
    <td>${time(session.created)}</td>
    <td>
      ${session.url === null ? code(session.id) : html`<a href="${session.url}">${code(session.id)}</a>`}
    </td>
    <td class="amount">${displayMoney(session.amount_total ?? 0, session.currency ?? 'gbp')}</td>
    <td>${session.mode}, ${session.status}, ${session.payment_status}</td>
    <td>
      ${
        waits
          ? html`<form method="post" action="${HOME}/sessions/${session.id}/settle">
              <button class="small" name="outcome" value="succeed">Money arrives</button>
              <button class="small" name="outcome" value="fail">Debit fails</button>
            </form>`
          : ''
      }
    </td>
  </tr>`;
}

function eventRow(event: EventObject): Html {
  const about = Object.entries(event.data.object).find(([key]) => key === 'id')?.[1];
  return html`<tr>
    <td>${time(event.created)}</td>
    <td>${code(event.id)}</td>
    <td>${event.type}</td>
    <td>${code(String(about ?? ''))}</td>
    <td>
      <form method="post" action="${HOME}/events/${event.id}/resend">
        <button class="small">Send again</button>
      </form>
    </td>
  </tr>`;
}

function deliveryRow(delivery: Delivery): Html {
  return html`<tr>
    <td>${delivery.started_at.slice(11, 19)}</td>
    <td>${delivery.type} ${code(delivery.event)}</td>
    <td>${delivery.attempt}</td>
    <td>
      ${delivery.status ?? 'none'} in ${delivery.duration_ms} ms
      <small>${delivery.answer.slice(0, 120)}</small>
    </td>
    <td>${delivery.next_attempt_at?.slice(11, 19)}</td>
  </tr>`;
}

function code(text: string): Html {
  return html`<code>${text.length > 34 ? `${text.slice(0, 33)}…` : text}</code>`;
}

function time(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');
}
