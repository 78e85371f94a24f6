import { subscriptionMethod } from '../../billing/invoices/default-method.ts';
import { periodEnd } from '../../billing/subscriptions/billed-period.ts';
import { outlookOf, type Outlook } from '../../portal/outlook.ts';
import { openInvoiceOf, type Visit } from '../../portal/visit.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { html, type Html } from '../html.ts';
import { day, methodText, planName, priceText } from '../words.ts';
import { actionButton, address, payButton } from './frame.ts';

type Subscription = ObjectTypes['subscription'];

/** One subscription: what it is, what happens next, and what can be done about it. */
export function subscriptionCard(visit: Visit, subscription: Subscription): Html {
  const { context } = visit;
  const outlook = outlookOf(context, subscription);
  const method = subscriptionMethod(visit.context, subscription);
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
    <p><small>This period is until ${day(periodEnd(subscription))}.</small></p>
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
  // Until the first invoice is paid there is nothing to change or to keep until a period's end.
  const isOpen = !isEnding && outlook.kind !== 'waits_for_payment';
  const mayUpdate = features.subscription_update.enabled && subscription.items.data.length === 1 && isOpen;
  return html`
    ${invoice ? payButton(visit, invoice) : ''}
    ${outlook.kind === 'changes' ? actionButton(visit, 'keep_plan', 'Keep the current plan', fields) : ''}
    ${isEnding ? actionButton(visit, 'resume', 'Don’t cancel', fields) : ''}
    <p class="links">
      ${mayUpdate ? link('plans', 'Change plan') : ''}
      ${features.subscription_cancel.enabled && isOpen ? link('cancel', 'Cancel') : ''}
    </p>
  `;
}
