import { invalid } from '../../api/errors.ts';
import { own } from '../../api/operations.ts';
import { settleBankDebit } from '../../checkout/settle.ts';
import { closeDispute, escalateInquiry, openDispute } from '../../payments/disputes.ts';
import { failRefund, settleRefund } from '../../payments/refunds.ts';
import { displayMoney, minorUnits } from '../../api/money.ts';
import { settleDebit } from '../../time/settlements.ts';
import type { PageRequest, PageRoute } from '../page.ts';
import { action, choice } from './answers.ts';
import { ask } from './ask.ts';

/** What may become of a payment: see routes.ts. */
export const paymentActions: readonly PageRoute[] = [
  action('/payments/:id/settle', ({ context, fields, id }) => {
    settleDebit(context, own(context, 'payment_intent', id).id, succeeds(fields));
    return own(context, 'payment_intent', id);
  }),
  action('/sessions/:id/settle', ({ context, fields, id }) =>
    settleBankDebit(context, own(context, 'checkout.session', id), succeeds(fields)),
  ),
  action('/charges/:id/refund', ({ context, fields, id }) => {
    const amount = refundAmount(own(context, 'charge', id).currency, fields);
    return ask(context, 'POST', '/v1/refunds', { charge: id, ...(amount !== '' && { amount }) });
  }),
  action('/charges/:id/dispute', ({ context, fields, id }) =>
    openDispute(
      context,
      own(context, 'charge', id),
      choice(fields, 'kind', ['fraudulent', 'product_not_received', 'inquiry']),
    ),
  ),
  action('/refunds/:id/settle', ({ context, id }) => settleRefund(context, own(context, 'refund', id))),
  action('/refunds/:id/fail', ({ context, id }) => failRefund(context, own(context, 'refund', id))),
  action('/disputes/:id/close', ({ context, fields, id }) =>
    closeDispute(context, own(context, 'dispute', id), choice(fields, 'outcome', ['won', 'lost'])),
  ),
  action('/disputes/:id/escalate', ({ context, id }) =>
    escalateInquiry(context, own(context, 'dispute', id)),
  ),
];

/** `amount` as the API takes it, or `money` as a person writes it; empty: all that is left. */
function refundAmount(currency: string, fields: URLSearchParams): string {
  const money = fields.get('money') ?? '';
  if (money.trim() === '') return fields.get('amount') ?? '';
  const amount = minorUnits(money, currency);
  if (amount !== undefined) return String(amount);
  throw invalid(
    `${money} is no amount: write it as in ${displayMoney(150, currency)}, without the currency.`,
    'money',
  );
}

function succeeds(fields: PageRequest['fields']): boolean {
  return choice(fields, 'outcome', ['succeed', 'fail']) === 'succeed';
}
