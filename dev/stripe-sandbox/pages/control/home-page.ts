import type { Context } from '../../state/context.ts';
import { HOME, html } from '../html.ts';
import type { Controls } from './controls.ts';
import type { Content } from './layout.ts';
import { eventTable } from './event-tables.ts';
import { customerTable, sessionTable, subscriptionTable } from './tables.ts';
import { timeCards } from './time-cards.ts';

const ROWS_SHOWN = 10;
const EVENTS_SHOWN = 20;

/** What is there, and what a person does first: move the time. */
export function homePage(context: Context, { chaos, deliveries }: Controls): Content {
  const { store } = context;
  return {
    title: 'Overview',
    body: html`
      ${chaos.state().config ? html`<p><a href="${HOME}/chaos">Chaos</a> is on.</p>` : ''}
      ${timeCards(context)}
      <h2>Customers</h2>
      ${customerTable(context, store.all('customer').slice(0, ROWS_SHOWN))}
      <h2>Subscriptions</h2>
      ${subscriptionTable(context, store.all('subscription').slice(0, ROWS_SHOWN))}
      <h2>Checkout sessions</h2>
      ${sessionTable(context, store.all('checkout.session').slice(0, ROWS_SHOWN), '')}
      <h2>Events</h2>
      ${eventTable(context, store.all('event').slice(0, EVENTS_SHOWN), deliveries.records, '')}
      <p><a href="${HOME}/events">More events</a></p>
    `,
  };
}
