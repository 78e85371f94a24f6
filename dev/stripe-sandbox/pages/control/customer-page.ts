import { own } from '../../api/operations.ts';
import { testClock } from '../../state/clock.ts';
import type { Context } from '../../state/context.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { html, type Html } from '../html.ts';
import type { PageRequest } from '../page.ts';
import { day, methodText } from '../words.ts';
import { button, code, controlPage, table, tag } from './layout.ts';
import { invoiceTable } from './invoice-rows.ts';
import { paymentTables } from './payment-rows.ts';
import { sessionTable, subscriptionTable } from './rows.ts';
import { timeCard } from './time-cards.ts';

type Customer = ObjectTypes['customer'];
type Owned = { readonly customer: string | null };

/** What one customer has, with buttons for what may happen to it. */
export function customerPage({ context, id }: PageRequest): Html {
  const { store } = context;
  const customer = own(context, 'customer', id);
  const isTheirs = (one: Owned): boolean => one.customer === id;
  const back = `/customers/${id}`;
  return controlPage(
    customer.name ?? customer.email ?? id,
    html`
      <p>${code(id)} ${customer.email} ${customer.delinquent ? tag('delinquent') : ''}</p>
      ${arrangements(context, customer)} ${clockOf(context, customer, back)}
      <h2>Subscriptions</h2>
      ${subscriptionTable(context, store.all('subscription').filter(isTheirs))}
      <h2>Invoices</h2>
      ${invoiceTable(store.all('invoice').filter(isTheirs), back)}
      <h2>Payments</h2>
      ${paymentTables(context, store.all('payment_intent').filter(isTheirs), back)}
      <h2>Payment methods</h2>
      ${methodTable(customer, store.all('payment_method').filter(isTheirs))}
      <h2>Checkout sessions</h2>
      ${sessionTable(context, store.all('checkout.session').filter(isTheirs), back)}
    `,
  );
}

/** What a person arranges: the next payment's failure, and a visit to the portal. */
function arrangements({ store }: Context, { id }: Customer): Html {
  const count = store.facts('customer', id)?.failNextPayments.count ?? 0;
  const path = `/customers/${id}/fail-next`;
  const back = `/customers/${id}`;
  return html`<div class="buttons">
    ${button('Fail the next payment', path, back)}
    ${button('…for want of money', path, back, { decline_code: 'insufficient_funds' })}
    ${count > 0 ? button(`Let the next payment succeed (${count} would fail)`, path, back, { times: '0' }) : ''}
    ${button('Open the portal', `/customers/${id}/portal`, back)}
  </div>`;
}

function clockOf(context: Context, { test_clock: id }: Customer, back: string): Html {
  if (!id) return html``;
  const { name } = context.store.must('test_helpers.test_clock', id);
  return timeCard(context, testClock(context.store, id), `Test clock ${name ?? id}`, back);
}

function methodTable(customer: Customer, methods: readonly ObjectTypes['payment_method'][]): Html {
  return table(
    ['Payment method', 'Added', ''],
    methods.map(
      (method) =>
        html`<tr>
          <td>${methodText(method)} ${code(method.id)}</td>
          <td>${day(method.created)}</td>
          <td>${customer.invoice_settings.default_payment_method === method.id ? 'used by default' : ''}</td>
        </tr>`,
    ),
  );
}
