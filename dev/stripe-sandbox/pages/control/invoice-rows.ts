import { displayMoney } from '../../state/money.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { html, type Html } from '../html.ts';
import { button, code, table, tag, time } from './layout.ts';

type Invoice = ObjectTypes['invoice'];

export function invoiceTable(invoices: readonly Invoice[], back: string): Html {
  return table(
    ['Created', 'Invoice', 'Why', 'Total', 'Status', ''],
    invoices.map(
      (invoice) =>
        html`<tr>
          <td>${time(invoice.created)}</td>
          <td>${invoiceName(invoice)}</td>
          <td>${invoice.billing_reason?.replaceAll('_', ' ')}</td>
          <td class="amount">${displayMoney(invoice.total, invoice.currency)}</td>
          <td>${tag(invoice.status)} ${attemptsOf(invoice)}</td>
          <td>${invoice.status === 'open' ? button('Pay now', `/invoices/${invoice.id}/pay`, back) : ''}</td>
        </tr>`,
    ),
  );
}

function invoiceName({ id, number, hosted_invoice_url: url }: Invoice): Html {
  const name = code(number ?? id);
  return url ? html`<a href="${url}">${name}</a>` : name;
}

function attemptsOf({ status, attempt_count, next_payment_attempt: next }: Invoice): string {
  if (status !== 'open') return '';
  return `${attempt_count} attempts${next === null ? '' : `, next ${time(next)}`}`;
}
