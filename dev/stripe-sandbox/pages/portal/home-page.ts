import { outlookOf, periodEnd, type Outlook } from '../../portal/outlook.ts';
import { changeableDetails } from '../../portal/update-details.ts';
import {
  invoicesOf,
  openInvoiceOf,
  payingMethod,
  paymentMethodsOf,
  runningSubscriptions,
  type Visit,
} from '../../portal/visit.ts';
import { displayMoney } from '../../state/money.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { html, type Html } from '../html.ts';
import type { PageAnswer } from '../page.ts';
import { day, methodText, planName, priceText } from '../words.ts';
import { noticeText } from './confirmed-page.ts';
import { actionButton, address, portalPage, type Problem } from './frame.ts';

type Invoice = ObjectTypes['invoice'];
type Subscription = ObjectTypes['subscription'];

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
      <p>${customer.name}<br />${customer.email}</p>
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
  const methods = paymentMethodsOf(visit);
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

function subscriptionCard(visit: Visit, subscription: Subscription): Html {
  const { context } = visit;
  const outlook = outlookOf(context, subscription);
  const method = payingMethod(visit, subscription);
  return html`<section class="card">
    ${subscription.items.data.map(
      ({ price, quantity }) =>
        html`<p>
          <strong>${planName(context, price)}</strong>${quantity === 1 ? '' : ` × ${quantity}`}<br />
          ${priceText(price, quantity)}
        </p>`,
    )}
    <p>
      <span class="tag">${STATUS[subscription.status] ?? subscription.status}</span>
      ${outlookText(visit, outlook)}
    </p>
    ${method ? html`<p>Paid by ${methodText(method)}.</p>` : ''}
    <p><small>${subscription.id}, this period until ${day(periodEnd(subscription))}</small></p>
    ${subscriptionActions(visit, subscription, outlook)}
  </section>`;
}

const STATUS: Readonly<Record<string, string>> = {
  active: 'Active',
  incomplete: 'Not paid yet',
  past_due: 'Past due',
  paused: 'Paused',
  trialing: 'Trial',
  unpaid: 'Unpaid',
};

function outlookText({ context }: Visit, outlook: Outlook): string {
  switch (outlook.kind) {
    case 'renews':
      return `Renews on ${day(outlook.at)}.`;
    case 'ends':
      return `Ends on ${day(outlook.at)} and will not renew.`;
    case 'trial_ends':
      return `Trial until ${day(outlook.at)}; the first payment follows.`;
    case 'changes': {
      const next = `${planName(context, outlook.price)}, ${priceText(outlook.price, outlook.quantity)}`;
      return `Changes to ${next} on ${day(outlook.at)}.`;
    }
    case 'payment_failed':
      return 'The last payment failed.';
    case 'waits_for_payment':
      return 'Waits for its first payment.';
    case 'paused':
      return 'Paused: its trial ended without a payment method.';
  }
}

function subscriptionActions(visit: Visit, subscription: Subscription, outlook: Outlook): Html {
  const { features } = visit.configuration;
  const fields = { subscription: subscription.id };
  const invoice = openInvoiceOf(visit, subscription);
  const link = (page: string, label: string): Html =>
    html`<a href="${address(visit, { page, ...fields })}">${label}</a>`;
  const isEnding = outlook.kind === 'ends';
  const mayUpdate = features.subscription_update.enabled && subscription.items.data.length === 1 && !isEnding;
  return html`
    ${invoice ? payButton(visit, invoice) : ''}
    ${outlook.kind === 'changes' ? actionButton(visit, 'keep_plan', 'Keep the current plan', fields) : ''}
    ${isEnding ? actionButton(visit, 'resume', 'Don’t cancel', fields) : ''}
    <p class="links">
      ${mayUpdate ? link('plans', 'Change plan') : ''}
      ${features.subscription_cancel.enabled && !isEnding ? link('cancel', 'Cancel') : ''}
    </p>
  `;
}

function payButton(visit: Visit, invoice: Invoice): Html {
  const amount = displayMoney(invoice.amount_remaining, invoice.currency);
  return actionButton(visit, 'pay_invoice', `Pay ${amount} now`, { invoice: String(invoice.id) });
}

function invoiceHistory(visit: Visit): Html {
  const invoices = invoicesOf(visit);
  return html`<h2>Invoices</h2>
    ${
      invoices.length === 0
        ? html`<p>None.</p>`
        : html`<div class="scroll">
            <table>
              ${invoices.map(invoiceRow)}
            </table>
          </div>`
    }`;
}

function invoiceRow(invoice: Invoice): Html {
  const number = invoice.number ?? invoice.id;
  const url = invoice.hosted_invoice_url;
  return html`<tr>
    <td>${url ? html`<a href="${url}">${number}</a>` : number}</td>
    <td>${day(invoice.created)}</td>
    <td>${invoice.status}</td>
    <td class="amount">${displayMoney(invoice.total, invoice.currency)}</td>
  </tr>`;
}
