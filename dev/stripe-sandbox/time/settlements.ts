import { intentSettled } from '../billing/collect-invoice.ts';
import { sessionOfIntent, settleBankDebit } from '../checkout/settle.ts';
import { settlementOf, settlePending } from '../payments/settle-pending.ts';
import type { Context } from '../state/context.ts';
import type { Store } from '../state/store.ts';
import type { Due } from './due.ts';

/** Bank debits arrive or come back by themselves. */
export function* dueSettlements(store: Store): Iterable<Due> {
  for (const intent of store.all('payment_intent')) {
    const settlement = settlementOf(store, intent);
    if (!settlement) continue;
    const { at, succeeds } = settlement;
    yield {
      at,
      customer: intent.customer,
      happen: (context) => settleDebit(context, intent.id, succeeds),
    };
  }
}

/**
 * The bank answers the debit of a payment intent; whoever waits for the payment
 * learns of it, too. Throws 400 for an intent that waits for nothing.
 */
export function settleDebit(context: Context, id: string, succeeds: boolean): void {
  const session = sessionOfIntent(context, id);
  if (session) settleBankDebit(context, session, succeeds);
  else intentSettled(context, settlePending(context, context.store.must('payment_intent', id), succeeds));
}
