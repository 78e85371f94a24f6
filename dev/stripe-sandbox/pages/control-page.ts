import type { Api } from '../api/api.ts';
import { settleBankDebit } from '../checkout/settle.ts';
import type { Deliveries, Delivery } from '../webhooks/deliveries.ts';
import { StripeFailure } from '../api/errors.ts';
import { displayMoney } from '../state/money.ts';
import type { Store } from '../state/store.ts';
import type { EventObject, ObjectTypes } from '../state/wire.ts';
import { document, html, type Html } from './html.ts';
import type { PageAnswer, PageRequest, PageRoute } from './page.ts';

const HOME = '/_sandbox';
const ROWS_SHOWN = 50;

/** What a person, a test or a script sees and does behind Stripe's back. */
export function controlPages(api: Api, deliveries: Deliveries): readonly PageRoute[] {
  return [
    {
      method: 'GET',
      path: HOME,
      handle: ({ context }) => ({ status: 200, html: overview(context.store, deliveries) }),
    },
    {
      method: 'GET',
      path: `${HOME}/state`,
      handle: ({ context }) => ({ status: 200, json: stateOf(context.store, api, deliveries) }),
    },
    {
      method: 'POST',
      path: `${HOME}/events/:id/resend`,
      handle: (request) => resend(request, deliveries),
    },
    { method: 'POST', path: `${HOME}/sessions/:id/settle`, handle: settle },
  ];
}

function resend(request: PageRequest, deliveries: Deliveries): PageAnswer {
  const event = request.context.store.get('event', request.id);
  if (!event) return { status: 404, json: { error: 'There is no such event.' } };
  deliveries.send(event);
  return done(request, { sent: event.id });
}

function settle(request: PageRequest): PageAnswer {
  const outcome = request.fields.get('outcome');
  const session = request.context.store.get('checkout.session', request.id);
  if (!session) return { status: 404, json: { error: 'There is no such session.' } };
  if (outcome !== 'succeed' && outcome !== 'fail') {
    return { status: 400, json: { error: "outcome must be 'succeed' or 'fail'." } };
  }
  try {
    return done(request, settleBankDebit(request.context, session, outcome === 'succeed'));
  } catch (error) {
    if (error instanceof StripeFailure) return { status: error.status, json: { error: error.message } };
    throw error;
  }
}

/** A form goes back to the page, a program gets JSON. */
function done(request: PageRequest, json: unknown): PageAnswer {
  return request.wantsHtml ? { status: 303, location: HOME } : { status: 200, json };
}

function stateOf(store: Store, api: Api, deliveries: Deliveries): object {
  return {
    products: store.all('product'),
    prices: store.all('price'),
    customers: store.all('customer'),
    sessions: store.all('checkout.session'),
    payment_intents: store.all('payment_intent'),
    charges: store.all('charge'),
    subscriptions: store.all('subscription'),
    invoices: store.all('invoice'),
    events: store.all('event'),
    deliveries: deliveries.records.toReversed(),
    requests: api.requests.toReversed(),
  };
}

function overview(store: Store, deliveries: Deliveries): Html {
  return document(
    'Stripe sandbox',
    html`
      <h1>Stripe sandbox</h1>
      <p>
        Webhooks go to <code>${deliveries.endpoint?.url ?? 'nowhere yet'}</code>. Everything as JSON:
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
