import { methodsOf } from '../../payments/keep-method.ts';
import { changeableDetails } from '../../portal/update-details.ts';
import { invoicesOf, runningSubscriptions, type Visit } from '../../portal/visit.ts';
import { displayMoney } from '../../api/money.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { html, type Html } from '../html.ts';
import type { PageAnswer } from '../page.ts';
import { day, methodText } from '../words.ts';
import { noticeText } from './confirmed-page.ts';
import { address, payButton, portalPage, type Problem } from './frame.ts';
import { subscriptionCard } from './subscription-card.ts';

type Invoice = ObjectTypes['invoice'];

/** What a customer has, and what can be done about it. */
export function homePage(visit: Visit, done: string | null, problem?: Problem): PageAnswer {
  const { customer, configuration } = visit;
  const { features } = configuration;
  const notice = noticeText(done);
  return portalPage(
    visit,
    `Billing of ${customer.name ?? customer.email ?? customer.id}`,
    html`
      ${notice === undefined ? '' : html`<p class="notice" role="status">${notice}</p>`}
      <h2>Subscriptions</h2>
      ${subscriptionList(visit)}
      <h2>Payment methods</h2>
      ${methodList(visit)}
      ${
        features.payment_method_update.enabled
          ? html`<p><a href="${address(visit, { page: 'card' })}">Update card</a></p>`
          : ''
      }
      <h2>Details</h2>
      ${[customer.name, customer.email].map((line) => (line === null || line === undefined ? '' : html`<p>${line}</p>`))}
      ${
        changeableDetails(visit).length > 0
          ? html`<p><a href="${address(visit, { page: 'details' })}">Change details</a></p>`
          : ''
      }
      ${features.invoice_history.enabled ? invoiceHistory(visit) : ''}
    `,
    problem,
  );
}

function methodList(visit: Visit): Html {
  const methods = methodsOf(visit.context, visit.customer.id);
  if (methods.length === 0) return html`<p>None.</p>`;
  const isDefault = (id: string): boolean => visit.customer.invoice_settings.default_payment_method === id;
  return html`<ul>
    ${methods.map((one) => html`<li>${methodText(one)}${isDefault(one.id) ? ', used by default' : ''}</li>`)}
  </ul>`;
}

function subscriptionList(visit: Visit): Html {
  const subscriptions = runningSubscriptions(visit);
  if (subscriptions.length === 0) return html`<p>None.</p>`;
  return html`${subscriptions.map((one) => subscriptionCard(visit, one))}`;
}

function invoiceHistory(visit: Visit): Html {
  const invoices = invoicesOf(visit);
  return html`<h2>Invoices</h2>
    ${
      invoices.length === 0
        ? html`<p>None.</p>`
        : html`<div class="scroll">
            <table>
              <tr>
                <th scope="col">Invoice</th>
                <th scope="col">Status</th>
                <th scope="col" class="amount">Amount</th>
                <td></td>
              </tr>
              ${invoices.map((one) => invoiceRow(visit, one))}
            </table>
          </div>`
    }`;
}

function invoiceRow(visit: Visit, invoice: Invoice): Html {
  const number = invoice.number ?? invoice.id;
  const url = invoice.hosted_invoice_url;
  return html`<tr>
    <td>
      <span class="nowrap">${url ? html`<a href="${url}">${number}</a>` : number}</span><br />
      <small>${day(invoice.created)}</small>
    </td>
    <td>${invoice.status}</td>
    <td class="amount">${displayMoney(invoice.total, invoice.currency)}</td>
    <td>${invoice.status === 'open' ? payButton(visit, invoice, 'small') : ''}</td>
  </tr>`;
}
