import { collectInvoice } from '../billing/invoices/collect-invoice.ts';
import { defaultMethod } from '../billing/invoices/default-method.ts';
import { isProcessing } from '../billing/invoices/settle-invoice.ts';
import { intentOf } from '../objects/invoice-payment.ts';
import { newCard } from '../objects/payment-method.ts';
import type { Context } from '../state/context.ts';
import { displayMoney } from '../api/money.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { CARD_HINTS, cardFields, typedCard } from './card-form.ts';
import { document, html, problemText, type Html, type Part } from './html.ts';
import { notice, type PageAnswer, type PageRequest, type PageRoute } from './page.ts';
import { day, methodText } from './words.ts';

const PATH = '/i/:id';
type Invoice = ObjectTypes['invoice'];
type PaymentMethod = ObjectTypes['payment_method'];

/**
 * The hosted page of an invoice, at its `hosted_invoice_url`; its `invoice_pdf`
 * is the same page. POST pays an open one and takes `action` = `pay` with
 * `card_number`, `exp` (MM/YY) and `cvc`, or `pay_saved`.
 *
 * Answers: 303 to the page itself when it is paid, or to where the bank asks,
 * 402 with the form again after a decline, 400 after a mistake in the form.
 */
export const invoicePages: readonly PageRoute[] = [
  { method: 'GET', path: PATH, handle: (request) => withInvoice(request, show) },
  { method: 'GET', path: `${PATH}/pdf`, handle: (request) => withInvoice(request, show) },
  { method: 'POST', path: PATH, handle: (request) => withInvoice(request, pay) },
];

function withInvoice(
  request: PageRequest,
  handle: (request: PageRequest, invoice: Invoice) => PageAnswer,
): PageAnswer {
  const invoice = request.context.store.get('invoice', request.id);
  if (invoice && invoice.status !== 'draft') return handle(request, invoice);
  return notice(404, 'Not found', 'There is no such invoice.');
}

function show({ context, fields }: PageRequest, invoice: Invoice): PageAnswer {
  return { status: 200, html: invoicePage(context, invoice, fields) };
}

function pay({ context, fields }: PageRequest, invoice: Invoice): PageAnswer {
  const home = { status: 303, location: invoice.hosted_invoice_url ?? '' } as const;
  // A second tab or a double click: what is paid stays paid once.
  if (!isPayable(context, invoice)) return home;
  const again = (status: number, problem: string): PageAnswer => ({
    status,
    html: invoicePage(context, context.store.must('invoice', invoice.id), fields, problem),
  });
  const method =
    fields.get('action') === 'pay_saved' ? defaultMethod(context, invoice) : cardOf(context, invoice, fields);
  if (method === undefined) return again(400, 'There is no saved payment method.');
  if (typeof method === 'string') return again(400, method);
  const tried = collectInvoice(context, invoice, { method, automatic: false, offSession: false });
  const intent = intentOf(context, tried.id);
  if (intent?.status === 'requires_action') {
    return { status: 303, location: intent.next_action?.redirect_to_url?.url ?? home.location };
  }
  if (intent?.status !== 'requires_payment_method') return home;
  return again(402, intent.last_payment_error?.message ?? 'Your card was declined.');
}

/** A string is what has to be corrected. */
function cardOf(context: Context, invoice: Invoice, fields: URLSearchParams): PaymentMethod | string {
  const card = typedCard(context, fields);
  if (typeof card === 'string') return card;
  return newCard(context, { email: invoice.customer_email, name: invoice.customer_name }, card);
}

function isPayable(context: Context, invoice: Invoice): boolean {
  const isOwed = invoice.status === 'open' || invoice.status === 'uncollectible';
  return isOwed && !isProcessing(context, invoice.id);
}

function invoicePage(context: Context, invoice: Invoice, typed: URLSearchParams, problem?: string): Html {
  const { currency, lines } = invoice;
  const buyer = [invoice.customer_name, invoice.customer_email].filter(Boolean).join(', ');
  return document(
    `Invoice ${invoice.number}`,
    html`
      <h1>Invoice ${invoice.number}</h1>
      <p class="total">${displayMoney(invoice.amount_due, currency)}</p>
      <p><span class="tag">${statusText(invoice)}</span></p>
      ${buyer === '' ? '' : html`<p>${buyer}</p>`}
      ${invoice.description === null ? '' : html`<p>${invoice.description}</p>`}
      <table>
        ${lines.data.map((line) => row(lineText(line), line.amount, currency))}
        ${amounts(invoice).map(([name, amount]) => row(name, amount, currency))}
      </table>
      ${problemText(problem)} ${isPayable(context, invoice) ? payForm(context, invoice, typed) : ''}
    `,
  );
}

function row(name: Part, amount: number, currency: string): Html {
  return html`<tr>
    <td>${name}</td>
    <td class="amount">${displayMoney(amount, currency)}</td>
  </tr>`;
}

function lineText({ description, period }: Invoice['lines']['data'][number]): Html {
  const name = description ?? 'Item';
  if (period.start === period.end) return html`${name}`;
  return html`${name}<br /><small>${day(period.start)} to ${day(period.end)}</small>`;
}

/** What comes between the lines and what is due or was paid, where it is not nothing. */
function amounts(invoice: Invoice): (readonly [string, number])[] {
  const discount = (invoice.total_discount_amounts ?? []).reduce((sum, { amount }) => sum + amount, 0);
  const due = invoice.status === 'paid' ? 'Paid' : 'Due';
  const named = [
    ['Discounts', -discount],
    ['Balance of before', invoice.starting_balance],
    ['Left on the balance', -(invoice.ending_balance ?? 0)],
    [due, invoice.amount_due],
  ] as const;
  return named.filter(([name, amount]) => amount !== 0 || name === due);
}

function statusText({ status, due_date: due }: Invoice): string {
  return status === 'open' && due !== null ? `open, due on ${day(due)}` : String(status);
}

function payForm(context: Context, invoice: Invoice, typed: URLSearchParams): Html {
  const saved = defaultMethod(context, invoice);
  const asked = intentOf(context, invoice.id)?.next_action?.redirect_to_url?.url;
  const verb = `Pay ${displayMoney(invoice.amount_remaining, invoice.currency)}`;
  return html`
    ${asked ? html`<p class="problem">Your bank asks you to <a href="${asked}">confirm the payment</a>.</p>` : ''}
    ${
      saved
        ? html`<form method="post" action="/i/${invoice.id}">
            <button class="wide-button" name="action" value="pay_saved">
              ${verb} with ${methodText(saved)}
            </button>
          </form>`
        : ''
    }
    <form method="post" action="/i/${invoice.id}">
      ${cardFields(typed)}
      <button class="wide-button" name="action" value="pay">${verb}</button>
    </form>
    ${CARD_HINTS}
  `;
}
