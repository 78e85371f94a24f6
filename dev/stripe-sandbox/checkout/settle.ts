import { invalid } from '../api/errors.ts';
import { intentSettled } from '../billing/invoices/collect-invoice.ts';
import { settlePending } from '../payments/settle-pending.ts';
import { change, type Context } from '../state/context.ts';
import { billPayment } from './bill-payment.ts';
import { detailsOf, type Session } from './details.ts';

/** The session that a payment intent pays; undefined for an intent of something else. */
export function sessionOfIntent({ store }: Pick<Context, 'store'>, intent: string): Session | undefined {
  return store
    .all('checkout.session')
    .find((session) => detailsOf({ store }, session).paymentIntent === intent);
}

/**
 * The bank answers a debit that a complete but unpaid session waits for: the
 * money arrives, or it does not. The session stays complete either way; the
 * invoice of a subscription follows.
 */
export function settleBankDebit(context: Context, session: Session, succeeds: boolean): Session {
  const intent = context.store.get('payment_intent', detailsOf(context, session).paymentIntent ?? '');
  if (session.status !== 'complete' || intent?.status !== 'processing') {
    throw invalid(`Checkout Session ${session.id} does not wait for a payment.`);
  }
  const settled = settlePending(context, intent, succeeds);
  intentSettled(context, settled);
  const customer = context.store.get('customer', session.customer ?? '') ?? null;
  const billed = succeeds ? billPayment(context, session, { customer, intent: settled }) : {};
  return change(
    context,
    session,
    { ...billed, payment_status: succeeds ? 'paid' : 'unpaid' },
    succeeds ? 'checkout.session.async_payment_succeeded' : 'checkout.session.async_payment_failed',
  );
}
