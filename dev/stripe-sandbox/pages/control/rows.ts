import type { Context } from '../../state/context.ts';
import { displayMoney } from '../../state/money.ts';
import type { EventObject, ObjectTypes } from '../../state/wire.ts';
import type { Delivery } from '../../webhooks/deliveries.ts';
import { periodEnd } from '../../billing/cancellation.ts';
import { detailsOf } from '../../checkout/details.ts';
import { html, type Html } from '../html.ts';
import { day, planName, priceText } from '../words.ts';
import { button, code, HOME, table, tag, time } from './layout.ts';

type Customer = ObjectTypes['customer'];
type Session = ObjectTypes['checkout.session'];
type Subscription = ObjectTypes['subscription'];

/** Which customer this is, as a link to their page. */
export function customerLink(context: Context, id: string | null): Html {
  const customer = id === null ? undefined : context.store.get('customer', id);
  if (!customer) return html`${id}`;
  return html`<a href="${HOME}/customers/${customer.id}">
    ${customer.name ?? customer.email ?? customer.id}
  </a>`;
}

export function customerTable(context: Context, customers: readonly Customer[]): Html {
  const subscriptions = context.store.all('subscription');
  return table(
    ['Customer', 'E-mail', 'Created', 'Subscriptions', 'Time'],
    customers.map(
      (customer) =>
        html`<tr>
          <td>${customerLink(context, customer.id)}</td>
          <td>${customer.email}</td>
          <td>${time(customer.created)}</td>
          <td>
            ${subscriptions.filter((one) => one.customer === customer.id).map(({ status }) => tag(status))}
          </td>
          <td>${customer.test_clock ? code(customer.test_clock) : 'the sandbox’s'}</td>
        </tr>`,
    ),
  );
}

export function subscriptionTable(context: Context, subscriptions: readonly Subscription[]): Html {
  return table(
    ['Subscription', 'Customer', 'Plan', 'Status', 'Period', ''],
    subscriptions.map((subscription) => {
      const plans = subscription.items.data.map(
        ({ price, quantity }) => html`${planName(context, price)}, ${priceText(price, quantity)}<br />`,
      );
      return html`<tr>
        <td>${code(subscription.id)}</td>
        <td>${customerLink(context, subscription.customer)}</td>
        <td>${plans}</td>
        <td>${tag(subscription.status)} ${endOf(subscription)}</td>
        <td>until ${day(periodEnd(subscription))}</td>
        <td>${subscriptionButtons(subscription)}</td>
      </tr>`;
    }),
  );
}

function endOf({ cancel_at, ended_at }: Subscription): string {
  if (ended_at !== null) return `ended ${day(ended_at)}`;
  return cancel_at === null ? '' : `ends ${day(cancel_at)}`;
}

function subscriptionButtons({ id, customer, cancel_at, ended_at }: Subscription): Html {
  if (ended_at !== null) return html``;
  const path = `/subscriptions/${id}/cancel`;
  const back = `/customers/${customer}`;
  const atEnd =
    cancel_at === null
      ? button('Cancel at the period’s end', path, back, { when: 'period_end' })
      : button('Do not cancel', path, back, { when: 'never' });
  return html`${atEnd} ${button('Cancel now', path, back, { when: 'now' })}`;
}

export function sessionTable(context: Context, sessions: readonly Session[], back: string): Html {
  return table(
    ['Created', 'Session', 'Customer', 'Total', 'Status', ''],
    sessions.map(
      (session) =>
        html`<tr>
          <td>${time(session.created)}</td>
          <td>
            ${
              session.url === null ? code(session.id) : html`<a href="${session.url}">${code(session.id)}</a>`
            }
          </td>
          <td>${customerLink(context, session.customer)}</td>
          <td class="amount">${displayMoney(session.amount_total ?? 0, session.currency ?? 'gbp')}</td>
          <td>${session.mode}, ${session.status}, ${session.payment_status}</td>
          <td>${sessionButtons(context, session, back)}</td>
        </tr>`,
    ),
  );
}

function sessionButtons(context: Context, session: Session, back: string): Html {
  const { id, status } = session;
  const intent = context.store.get('payment_intent', detailsOf(context, session).paymentIntent ?? '');
  if (status === 'open') return button('Let it expire', `/sessions/${id}/expire`, back);
  return intent?.status === 'processing' ? settleButtons(`/sessions/${id}/settle`, back) : html``;
}

/** The bank's answer to a debit. */
export function settleButtons(path: string, back: string): Html {
  return html`${button('Money arrives', path, back, { outcome: 'succeed' })}
  ${button('Debit fails', path, back, { outcome: 'fail' })}`;
}

export function eventTable(
  events: readonly EventObject[],
  deliveries: readonly Delivery[],
  back: string,
): Html {
  return table(
    ['Created', 'Type', 'About', 'Delivered', ''],
    events.map((event) => {
      const about = Object.entries(event.data.object).find(([key]) => key === 'id')?.[1];
      const latest = deliveries.findLast((delivery) => delivery.event === event.id);
      return html`<tr>
        <td>${time(event.created)}</td>
        <td><a href="${HOME}/events/${event.id}">${event.type}</a></td>
        <td>${code(String(about ?? ''))}</td>
        <td>${latest ? answerOf(latest) : event.pending_webhooks > 0 ? 'not yet' : 'to nobody'}</td>
        <td>${button('Send again', `/events/${event.id}/resend`, back)}</td>
      </tr>`;
    }),
  );
}

function answerOf(delivery: Delivery): Html {
  return html`${tag(String(delivery.status ?? 'no answer'))} <small>${delivery.answer.slice(0, 60)}</small>`;
}

export function deliveryTable(deliveries: readonly Delivery[]): Html {
  return table(
    ['Started', 'Event', 'Endpoint', 'Attempt', 'Answer', 'Next'],
    deliveries.map(
      (delivery) =>
        html`<tr>
          <td>${delivery.started_at.slice(11, 19)}</td>
          <td><a href="${HOME}/events/${delivery.event}">${delivery.type}</a></td>
          <td>${delivery.url}</td>
          <td>${delivery.attempt}</td>
          <td>
            ${tag(String(delivery.status ?? 'no answer'))} in ${delivery.duration_ms} ms
            <small>${delivery.answer.slice(0, 200)}</small>
          </td>
          <td>${delivery.next_attempt_at?.slice(11, 19)}</td>
        </tr>`,
    ),
  );
}
