import { displayMoney } from '../state/money.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { document, html, type Html } from './html.ts';
import type { PageRoute } from './page.ts';

/** The customer portal: what a customer has, and the way back. */
export const portalPage: readonly PageRoute[] = [
  {
    method: 'GET',
    path: '/p/session/:id',
    handle({ context, id }) {
      const session = context.store
        .all('billing_portal.session')
        .find((one) => one.url.endsWith(`/p/session/${id}`));
      const customer = session && context.store.get('customer', session.customer);
      if (!session || !customer)
        return { status: 404, html: document('Not found', html`<h1>Not found</h1>`) };
      const ofCustomer = (one: { customer: string | null }): boolean => one.customer === customer.id;
      return {
        status: 200,
        html: document(
          'Billing',
          html`
            <h1>Billing of ${customer.name ?? customer.email ?? customer.id}</h1>
            <p>${customer.email}</p>
            <h2>Subscriptions</h2>
            ${subscriptionList(context.store.all('subscription').filter(ofCustomer))}
            <h2>Invoices</h2>
            ${invoiceTable(context.store.all('invoice').filter(ofCustomer))}
            ${session.return_url === null ? '' : html`<p><a href="${session.return_url}">Return</a></p>`}
          `,
        ),
      };
    },
  },
];

function subscriptionList(subscriptions: readonly ObjectTypes['subscription'][]): Html {
  if (subscriptions.length === 0) return html`<p>None.</p>`;
  return html`<ul>
    ${subscriptions.map(({ id, status, currency, items }) => {
      const [item] = items.data;
      const each = displayMoney(Number(item?.price.unit_amount_decimal ?? 0), currency);
      const until = day(item?.current_period_end ?? 0);
      return html`<li>
        ${each} / ${item?.price.recurring?.interval}, ${status}, until ${until} <small>${id}</small>
      </li>`;
    })}
  </ul>`;
}

function invoiceTable(invoices: readonly ObjectTypes['invoice'][]): Html {
  if (invoices.length === 0) return html`<p>None.</p>`;
  return html`<table>
    ${invoices.map(
      (invoice) =>
        html`<tr>
          <td>${invoice.number ?? invoice.id}</td>
          <td>${day(invoice.created)}</td>
          <td>${invoice.status}</td>
          <td class="amount">${displayMoney(invoice.total, invoice.currency)}</td>
        </tr>`,
    )}
  </table>`;
}

function day(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}
