import { matches } from '../../resources/events.ts';
import type { Context } from '../../state/context.ts';
import type { Deliveries } from '../../webhooks/deliveries.ts';
import { html, type Html } from '../html.ts';
import { controlPage, HOME } from './layout.ts';
import { paymentTables } from './payment-rows.ts';
import { customerTable, deliveryTable, eventTable, sessionTable } from './rows.ts';

const ROWS_SHOWN = 200;

export function customersPage(context: Context): Html {
  return controlPage('Customers', customerTable(context, context.store.all('customer').slice(0, ROWS_SHOWN)));
}

export function sessionsPage(context: Context): Html {
  const sessions = context.store.all('checkout.session').slice(0, ROWS_SHOWN);
  return controlPage('Checkout sessions', sessionTable(context, sessions, '/sessions'));
}

/** All payments, also of buyers who are no customers. */
export function paymentsPage(context: Context): Html {
  const intents = context.store.all('payment_intent').slice(0, ROWS_SHOWN);
  return controlPage('Payments', paymentTables(context, intents, '/payments'));
}

export function deliveriesPage(deliveries: Deliveries): Html {
  return controlPage('Deliveries', deliveryTable(deliveries.records.slice(-ROWS_SHOWN).toReversed()));
}

/** The latest events, of one `type` where one is asked for. */
export function eventsPage({ store }: Context, deliveries: Deliveries, type: string): Html {
  const all = store.all('event');
  const types = [...new Set(all.map((event) => event.type))].toSorted();
  const found = all.filter((event) => matches(event.type, type === '' ? '*' : type));
  return controlPage(
    'Events',
    html`
      <form class="inline" method="get" action="${HOME}/events">
        <label>
          Type, also with a wildcard as in <code>invoice.*</code>
          <input type="text" name="type" value="${type}" list="types" />
        </label>
        <datalist id="types">${types.map((one) => html`<option value="${one}"></option>`)}</datalist>
        <button class="small">Show</button>
      </form>
      ${eventTable(found.slice(0, ROWS_SHOWN), deliveries.records, '/events')}
    `,
  );
}
