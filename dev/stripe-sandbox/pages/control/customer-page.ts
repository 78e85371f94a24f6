import { own } from '../../api/operations.ts';
import type { Context } from '../../state/context.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { DECLINE_CODES } from '../../banks/declines.ts';
import { html, type Html } from '../html.ts';
import type { PageRequest } from '../page.ts';
import { day, methodText } from '../words.ts';
import { actionForm, button, code, select, submit, table, tag, type Content } from './layout.ts';
import { invoiceTable } from './invoice-table.ts';
import { paymentTables } from './payment-tables.ts';
import { sessionTable, subscriptionTable } from './tables.ts';
import { customerTimeCard } from './time-cards.ts';

type Customer = ObjectTypes['customer'];
type PaymentMethod = ObjectTypes['payment_method'];
type Owned = { readonly customer: string | null };

/** What one customer has, with buttons for what may happen to it. */
export function customerPage({ context, id }: PageRequest): Content {
  const { store } = context;
  const customer = own(context, 'customer', id);
  const isTheirs = (one: Owned): boolean => one.customer === id;
  const back = `/customers/${id}`;
  return {
    title: customer.name ?? customer.email ?? id,
    body: html`
      <p>${code(id)} ${customer.email} ${customer.delinquent ? tag('delinquent') : ''}</p>
      ${arrangements(context, customer)} ${customerTimeCard(context, customer)}
      <h2>Subscriptions</h2>
      ${subscriptionTable(context, store.all('subscription').filter(isTheirs), 'one customer')}
      <h2>Invoices</h2>
      ${invoiceTable(store.all('invoice').filter(isTheirs), back)}
      <h2>Payments</h2>
      ${paymentTables(context, store.all('payment_intent').filter(isTheirs), back, 'one customer')}
      <h2>Payment methods</h2>
      ${methodTable(customer, store.all('payment_method').filter(isTheirs))}
      <h2>Checkout sessions</h2>
      ${sessionTable(context, store.all('checkout.session').filter(isTheirs), back, 'one customer')}
    `,
  };
}

const DECLINES = DECLINE_CODES.map((one) => [one, one.replaceAll('_', ' ')] as const);

/** What a person arranges: the next payment's failure, and a visit to the portal. */
function arrangements({ store }: Context, { id }: Customer): Html {
  const count = store.facts('customer', id)?.failNextPayments.count ?? 0;
  const path = `/customers/${id}/fail-next`;
  const back = `/customers/${id}`;
  return html`<div class="buttons">
    ${button('Open the portal', `/customers/${id}/portal`, back)}
    ${actionForm(path, back, html`${select('decline_code', 'Why it fails', DECLINES)} ${submit('Fail the next payment', true)}`)}
    ${
      count > 0
        ? html`<p>
            ${count === 1 ? 'The next payment will fail.' : `The next ${count} payments will fail.`}
            ${button('Let it succeed', path, back, { fields: { times: '0' } })}
          </p>`
        : ''
    }
  </div>`;
}

function methodTable(customer: Customer, methods: readonly PaymentMethod[]): Html {
  const isDefault = (id: string): boolean => customer.invoice_settings.default_payment_method === id;
  return table<PaymentMethod>(
    [
      ['Payment method', (method) => html`${methodText(method)} ${code(method.id)}`],
      ['Added', ({ created }) => day(created)],
      ['', ({ id }) => (isDefault(id) ? 'used by default' : '')],
    ],
    methods,
  );
}
