import { matches } from '../../resources/events.ts';
import type { Context } from '../../state/context.ts';
import type { Deliveries } from '../../webhooks/deliveries.ts';
import { HOME, html } from '../html.ts';
import { submit, type Content } from './layout.ts';
import { paymentTables } from './payment-tables.ts';
import { deliveryTable, eventTable } from './event-tables.ts';
import { customerTable, sessionTable } from './tables.ts';

const ROWS_SHOWN = 200;

/** The latest customers. */
export function customersPage(context: Context): Content {
  const customers = context.store.all('customer').slice(0, ROWS_SHOWN);
  return { title: 'Customers', body: customerTable(context, customers) };
}

/** The latest checkout sessions. */
export function sessionsPage(context: Context): Content {
  const sessions = context.store.all('checkout.session').slice(0, ROWS_SHOWN);
  return { title: 'Checkout sessions', body: sessionTable(context, sessions, '/sessions') };
}

/** The latest payments, also of buyers who are no customers. */
export function paymentsPage(context: Context): Content {
  const intents = context.store.all('payment_intent').slice(0, ROWS_SHOWN);
  return { title: 'Payments', body: paymentTables(context, intents, '/payments') };
}

/** The latest attempts to deliver an event. */
export function deliveriesPage(deliveries: Deliveries): Content {
  const latest = deliveries.records.slice(-ROWS_SHOWN).toReversed();
  return { title: 'Deliveries', body: deliveryTable(latest) };
}

/** The latest events, of one `type` where one is asked for. */
export function eventsPage(context: Context, deliveries: Deliveries, type: string): Content {
  const all = context.store.all('event');
  const types = [...new Set(all.map((event) => event.type))].toSorted();
  const found = all.filter((event) => matches(event.type, type === '' ? '*' : type));
  return {
    title: 'Events',
    body: html`
      <form class="inline" method="get" action="${HOME}/events">
        <label>
          Type, also with a wildcard as in <code>invoice.*</code>
          <input type="text" name="type" value="${type}" list="types" />
        </label>
        <datalist id="types">${types.map((one) => html`<option value="${one}"></option>`)}</datalist>
        ${submit('Show')}
      </form>
      ${eventTable(context, found.slice(0, ROWS_SHOWN), deliveries.records, '/events')}
    `,
  };
}
