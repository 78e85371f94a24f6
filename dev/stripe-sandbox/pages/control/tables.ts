import type { Context } from '../../state/context.ts';
import { displayMoney } from '../../api/money.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { periodEnd } from '../../billing/subscriptions/billed-period.ts';
import { detailsOf } from '../../checkout/details.ts';
import { HOME, html, type Html } from '../html.ts';
import { day, planName, priceText } from '../words.ts';
import { button, code, table, tag, time, type Column } from './layout.ts';

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

/** Whose rows a table has: on a customer's own page the column says nothing. */
export type Whose = 'all' | 'one customer';

/** The columns that say something beside such rows. */
export function columnsFor<Row>(whose: Whose, columns: readonly Column<Row>[]): readonly Column<Row>[] {
  return whose === 'all' ? columns : columns.filter(([heading]) => heading !== 'Customer');
}

/** Customers with how their subscriptions stand, and whose time they live in. */
export function customerTable(context: Context, customers: readonly Customer[]): Html {
  const subscriptions = context.store.all('subscription');
  const statusesOf = (id: string): Html[] =>
    subscriptions.filter((one) => one.customer === id).map(({ status }) => tag(status));
  return table<Customer>(
    [
      ['Customer', ({ id }) => customerLink(context, id)],
      ['E-mail', ({ email }) => email],
      ['Created', ({ created }) => time(created)],
      ['Subscriptions', ({ id }) => statusesOf(id)],
      ['Time', ({ test_clock: clock }) => (clock ? code(clock) : 'the sandbox’s')],
    ],
    customers,
  );
}

/** Subscriptions with their ends, and buttons that end them. */
export function subscriptionTable(
  context: Context,
  subscriptions: readonly Subscription[],
  whose: Whose = 'all',
): Html {
  const plansOf = ({ items }: Subscription): Html[] =>
    items.data.map(
      ({ price, quantity }) => html`${planName(context, price)}, ${priceText(price, quantity)}<br />`,
    );
  return table<Subscription>(
    columnsFor(whose, [
      ['Plan', plansOf],
      ['Customer', ({ customer }) => customerLink(context, customer)],
      ['Status', (one) => html`${tag(one.status)} ${endOf(one)}`],
      ['Period', (one) => `until ${day(periodEnd(one))}`],
      ['Subscription', ({ id }) => code(id)],
      ['', subscriptionButtons],
    ]),
    subscriptions,
  );
}

function endOf({ cancel_at, ended_at }: Subscription): string {
  if (ended_at !== null) return `ended ${day(ended_at)}`;
  return cancel_at === null ? '' : `ends ${day(cancel_at)}`;
}

function subscriptionButtons({ id, customer, cancel_at, ended_at, status }: Subscription): Html {
  if (ended_at !== null) return html``;
  const path = `/subscriptions/${id}/cancel`;
  const back = `/customers/${customer}`;
  const press = (label: string, when: string, isGrave = false): Html =>
    button(label, path, back, { fields: { when }, isGrave });
  const atEnd =
    cancel_at === null ? press('Cancel at the period’s end', 'period_end') : press('Do not cancel', 'never');
  // Whoever has not paid the first invoice has no period that could be lived to its end.
  return html`${status === 'incomplete' ? '' : atEnd} ${press('Cancel now', 'now', true)}`;
}

/** Checkout sessions with links to their pay pages, and buttons for what may happen to them. */
export function sessionTable(
  context: Context,
  sessions: readonly Session[],
  back: string,
  whose: Whose = 'all',
): Html {
  const linkOf = ({ id, url }: Session): Html =>
    url === null ? code(id) : html`<a href="${url}">${code(id)}</a>`;
  return table<Session>(
    columnsFor(whose, [
      ['Created', ({ created }) => time(created)],
      ['Session', linkOf],
      ['Customer', ({ customer }) => customerLink(context, customer)],
      ['Total', ({ amount_total: total, currency }) => displayMoney(total ?? 0, currency ?? 'gbp'), 'amount'],
      ['Status', ({ mode, status, payment_status: paid }) => `${mode}, ${status}, ${paid}`],
      ['', (session) => sessionButtons(context, session, back)],
    ]),
    sessions,
  );
}

function sessionButtons(context: Context, session: Session, back: string): Html {
  const { id, status } = session;
  const intent = context.store.get('payment_intent', detailsOf(context, session).paymentIntent ?? '');
  if (status === 'open') return button('Let it expire', `/sessions/${id}/expire`, back, { isGrave: true });
  return intent?.status === 'processing' ? settleButtons(`/sessions/${id}/settle`, back) : html``;
}

/** The bank's answer to a debit. */
export function settleButtons(path: string, back: string): Html {
  return html`${button('Money arrives', path, back, { fields: { outcome: 'succeed' } })}
  ${button('Debit fails', path, back, { fields: { outcome: 'fail' }, isGrave: true })}`;
}
