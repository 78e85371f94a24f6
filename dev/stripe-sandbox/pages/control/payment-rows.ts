import { isInquiry, isOpen } from '../../payments/disputes.ts';
import type { Context } from '../../state/context.ts';
import { displayMoney } from '../../state/money.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { html, type Html } from '../html.ts';
import { button, code, hidden, HOME, table, tag, time } from './layout.ts';
import { customerLink, settleButtons } from './rows.ts';

type Charge = ObjectTypes['charge'];
type Dispute = ObjectTypes['dispute'];
type PaymentIntent = ObjectTypes['payment_intent'];
type Refund = ObjectTypes['refund'];

/** Payments with what became of them, and buttons for what may become of them. */
export function paymentTables(context: Context, intents: readonly PaymentIntent[], back: string): Html {
  const { store } = context;
  const ids = new Set(intents.map(({ id }) => id));
  const isTheirs = (one: { readonly payment_intent: string | null }): boolean =>
    one.payment_intent !== null && ids.has(one.payment_intent);
  const refunds = store.all('refund').filter(isTheirs);
  const disputes = store.all('dispute').filter(isTheirs);
  return html`
    ${table(
      ['Created', 'Payment', 'Customer', 'Amount', 'Status', ''],
      intents.map((intent) => paymentRow(context, intent, back)),
    )}
    ${refunds.length === 0 ? '' : refundTable(refunds, back)}
    ${disputes.length === 0 ? '' : disputeTable(disputes, back)}
  `;
}

function paymentRow(context: Context, intent: PaymentIntent, back: string): Html {
  const charge = context.store.get('charge', intent.latest_charge ?? '');
  const refunded = charge?.amount_refunded ?? 0;
  return html`<tr>
    <td>${time(intent.created)}</td>
    <td>${code(intent.id)}</td>
    <td>${customerLink(context, intent.customer)}</td>
    <td class="amount">
      ${displayMoney(intent.amount, intent.currency)}
      ${refunded > 0 ? html`<br /><small>${displayMoney(refunded, intent.currency)} back</small>` : ''}
    </td>
    <td>${tag(intent.status)} <small>${intent.last_payment_error?.decline_code}</small></td>
    <td>
      ${intent.status === 'processing' ? settleButtons(`/payments/${intent.id}/settle`, back) : ''}
      ${charge?.status === 'succeeded' ? chargeButtons(charge, back) : ''}
    </td>
  </tr>`;
}

function chargeButtons({ id, amount, amount_refunded, disputed }: Charge, back: string): Html {
  const left = amount - amount_refunded;
  const path = `/charges/${id}/dispute`;
  return html`${left > 0 ? refundForm(id, left, back) : ''}
  ${
    left > 0 && !disputed
      ? html`${button('Dispute as fraudulent', path, back, { kind: 'fraudulent' })}
        ${button('…as not received', path, back, { kind: 'product_not_received' })}
        ${button('Inquire', path, back, { kind: 'inquiry' })}`
      : ''
  }`;
}

function refundForm(charge: string, left: number, back: string): Html {
  return html`<form class="inline" method="post" action="${HOME}/charges/${charge}/refund">
    ${hidden({ back: HOME + back })}
    <input
      type="number"
      class="short"
      name="amount"
      min="1"
      max="${left}"
      value="${left}"
      aria-label="Amount in the currency's smallest unit"
    />
    <button class="small">Refund</button>
  </form>`;
}

function refundTable(refunds: readonly Refund[], back: string): Html {
  const rows = refunds.map(
    ({ id, amount, created, currency, failure_reason, status }) =>
      html`<tr>
        <td>${time(created)}</td>
        <td>${code(id)}</td>
        <td class="amount">${displayMoney(amount, currency)}</td>
        <td>${tag(status)} <small>${failure_reason}</small></td>
        <td>
          ${status === 'pending' ? button('It arrives', `/refunds/${id}/settle`, back) : ''}
          ${status === 'pending' || status === 'succeeded' ? button('It fails', `/refunds/${id}/fail`, back) : ''}
        </td>
      </tr>`,
  );
  return html`<h2>Refunds</h2>
    ${table(['Created', 'Refund', 'Amount', 'Status', ''], rows)}`;
}

function disputeTable(disputes: readonly Dispute[], back: string): Html {
  const rows = disputes.map(
    (dispute) =>
      html`<tr>
        <td>${time(dispute.created)}</td>
        <td>${code(dispute.id)}</td>
        <td>${dispute.reason.replaceAll('_', ' ')}</td>
        <td class="amount">${displayMoney(dispute.amount, dispute.currency)}</td>
        <td>${tag(dispute.status)}</td>
        <td>${isOpen(dispute) ? disputeButtons(dispute, back) : ''}</td>
      </tr>`,
  );
  return html`<h2>Disputes</h2>
    ${table(['Created', 'Dispute', 'Reason', 'Amount', 'Status', ''], rows)}`;
}

function disputeButtons(dispute: Dispute, back: string): Html {
  const path = `/disputes/${dispute.id}`;
  if (isInquiry(dispute)) {
    return html`${button('Close the inquiry', `${path}/close`, back, { outcome: 'won' })}
    ${button('Make it a dispute', `${path}/escalate`, back)}`;
  }
  return html`${button('We win', `${path}/close`, back, { outcome: 'won' })}
  ${button('We lose', `${path}/close`, back, { outcome: 'lost' })}`;
}
