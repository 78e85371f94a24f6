import { displayMoney } from '../../api/money.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { html, type Html } from '../html.ts';
import { button, code, table, tag, time } from './layout.ts';

type Invoice = ObjectTypes['invoice'];

/** Invoices with how far they are paid, and a button that pays an open one. */
export function invoiceTable(invoices: readonly Invoice[], back: string): Html {
  return table<Invoice>(
    [
      ['Created', ({ created }) => time(created)],
      ['Invoice', invoiceName],
      ['Why', ({ billing_reason: reason }) => reason?.replaceAll('_', ' ')],
      ['Total', ({ total, currency }) => displayMoney(total, currency), 'amount'],
      ['Status', (invoice) => html`${tag(invoice.status)} ${attemptsOf(invoice)}`],
      ['', ({ id, status }) => (status === 'open' ? button('Pay now', `/invoices/${id}/pay`, back) : '')],
    ],
    invoices,
  );
}

function invoiceName({ id, number, hosted_invoice_url: url }: Invoice): Html {
  const name = code(number ?? id);
  return url ? html`<a href="${url}">${name}</a>` : name;
}

function attemptsOf({ status, attempt_count: count, next_payment_attempt: next }: Invoice): string {
  if (status !== 'open') return '';
  return `${count} ${count === 1 ? 'attempt' : 'attempts'}${next === null ? '' : `, next ${time(next)}`}`;
}
