import { intentSettled } from '../billing/invoices/collect-invoice.ts';
import { sessionOfIntent, settleBankDebit } from '../checkout/settle.ts';
import { authorizationEnd, expireAuthorization } from '../payments/cancel-intent.ts';
import { settlementOf, settlePending } from '../payments/settle-pending.ts';
import type { Context } from '../state/context.ts';
import { dueOf } from './due.ts';

/** Bank debits arrive or come back by themselves; money that was only set aside goes back. */
export const dueSettlements = dueOf(
  'payment_intent',
  (store, intent) => {
    const held = { at: authorizationEnd(store, intent), happen: expireAuthorization };
    const settlement = settlementOf(store, intent);
    if (!settlement) return [held];
    const { at, succeeds } = settlement;
    return [held, { at, happen: (context, { id }) => settleDebit(context, id, succeeds) }];
  },
  'bank',
);

/**
 * The bank answers the debit of a payment intent; whoever waits for the payment
 * learns of it, too. Throws 400 for an intent that waits for nothing.
 */
export function settleDebit(context: Context, id: string, succeeds: boolean): void {
  const session = sessionOfIntent(context, id);
  if (session) settleBankDebit(context, session, succeeds);
  else intentSettled(context, settlePending(context, context.store.must('payment_intent', id), succeeds));
}
