import { isInquiry, isOpen } from '../../payments/disputes.ts';
import type { Context } from '../../state/context.ts';
import { currencySymbol, displayMoney, majorUnits } from '../../api/money.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { html, type Html } from '../html.ts';
import { actionForm, button, code, select, submit, table, tag, time } from './layout.ts';
import { columnsFor, customerLink, settleButtons, type Whose } from './tables.ts';

type Charge = ObjectTypes['charge'];
type Dispute = ObjectTypes['dispute'];
type PaymentIntent = ObjectTypes['payment_intent'];
type Refund = ObjectTypes['refund'];

/** Payments with what became of them, and buttons for what may become of them. */
export function paymentTables(
  context: Context,
  intents: readonly PaymentIntent[],
  back: string,
  whose: Whose = 'all',
): Html {
  const { store } = context;
  const ids = new Set(intents.map(({ id }) => id));
  const isTheirs = (one: { readonly payment_intent: string | null }): boolean =>
    one.payment_intent !== null && ids.has(one.payment_intent);
  const refunds = store.all('refund').filter(isTheirs);
  const disputes = store.all('dispute').filter(isTheirs);
  const chargeOf = ({ latest_charge: id }: PaymentIntent): Charge | undefined =>
    store.get('charge', id ?? '');
  return html`
    ${table<PaymentIntent>(
      columnsFor(whose, [
        ['Created', ({ created }) => time(created)],
        ['Payment', ({ id, description }) => html`${code(id)} <small>${description}</small>`],
        ['Customer', ({ customer }) => customerLink(context, customer)],
        ['Amount', (intent) => amountText(intent, chargeOf(intent)), 'amount'],
        [
          'Status',
          ({ status, last_payment_error: error }) =>
            html`${tag(status)} <small>${error?.decline_code?.replaceAll('_', ' ')}</small>`,
        ],
        ['', (intent) => paymentButtons(intent, chargeOf(intent), back)],
      ]),
      intents,
    )}
    ${refunds.length === 0 ? '' : refundTable(refunds, back)}
    ${disputes.length === 0 ? '' : disputeTable(disputes, back)}
  `;
}

function amountText({ amount, currency }: PaymentIntent, charge: Charge | undefined): Html {
  const refunded = charge?.amount_refunded ?? 0;
  return html`${displayMoney(amount, currency)}
  ${refunded > 0 ? html`<br /><small>${displayMoney(refunded, currency)} refunded</small>` : ''}`;
}

function paymentButtons({ id, status }: PaymentIntent, charge: Charge | undefined, back: string): Html {
  if (status === 'processing') return settleButtons(`/payments/${id}/settle`, back);
  return charge?.status === 'succeeded' ? chargeButtons(charge, back) : html``;
}

function chargeButtons({ id, amount, amount_refunded, currency, disputed }: Charge, back: string): Html {
  const left = amount - amount_refunded;
  if (left <= 0) return html``;
  return html`${actionForm(`/charges/${id}/refund`, back, refundFields(left, currency))}
  ${disputed ? '' : actionForm(`/charges/${id}/dispute`, back, DISPUTE_FIELDS)}`;
}

function refundFields(left: number, currency: string): Html {
  return html`${currencySymbol(currency)}
    <input
      type="text"
      class="short"
      name="money"
      size="7"
      inputmode="decimal"
      value="${majorUnits(left, currency)}"
      aria-label="Amount to refund, in ${currency.toUpperCase()}"
    />
    ${submit('Refund')}`;
}

const DISPUTE_FIELDS = html`${select('kind', 'What the buyer says', [
  ['fraudulent', 'fraudulent'],
  ['product_not_received', 'not received'],
  ['inquiry', 'inquiry only'],
])}
${submit('Dispute', true)}`;

function refundTable(refunds: readonly Refund[], back: string): Html {
  const buttonsOf = ({ id, status }: Refund): Html => html`
    ${status === 'pending' ? button('It arrives', `/refunds/${id}/settle`, back) : ''}
    ${
      status === 'pending' || status === 'succeeded'
        ? button('It fails', `/refunds/${id}/fail`, back, { isGrave: true })
        : ''
    }
  `;
  return html`<h2>Refunds</h2>
    ${table<Refund>(
      [
        ['Created', ({ created }) => time(created)],
        ['Refund', ({ id }) => code(id)],
        ['Amount', ({ amount, currency }) => displayMoney(amount, currency), 'amount'],
        [
          'Status',
          ({ status, failure_reason: reason }) =>
            html`${tag(status)} <small>${reason?.replaceAll('_', ' ')}</small>`,
        ],
        ['', buttonsOf],
      ],
      refunds,
    )}`;
}

function disputeTable(disputes: readonly Dispute[], back: string): Html {
  return html`<h2>Disputes</h2>
    ${table<Dispute>(
      [
        ['Created', ({ created }) => time(created)],
        ['Dispute', ({ id }) => code(id)],
        ['Reason', ({ reason }) => reason.replaceAll('_', ' ')],
        ['Amount', ({ amount, currency }) => displayMoney(amount, currency), 'amount'],
        ['Status', ({ status }) => tag(status)],
        ['', (dispute) => (isOpen(dispute) ? disputeButtons(dispute, back) : '')],
      ],
      disputes,
    )}`;
}

function disputeButtons(dispute: Dispute, back: string): Html {
  const path = `/disputes/${dispute.id}`;
  const close = (label: string, outcome: 'won' | 'lost'): Html =>
    button(label, `${path}/close`, back, { fields: { outcome }, isGrave: outcome === 'lost' });
  if (isInquiry(dispute)) {
    return html`${close('Close the inquiry', 'won')}
    ${button('Make it a dispute', `${path}/escalate`, back, { isGrave: true })}`;
  }
  return html`${close('We win', 'won')} ${close('We lose', 'lost')}`;
}
