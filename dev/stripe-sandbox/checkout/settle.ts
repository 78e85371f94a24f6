import { change, type Context } from '../state/context.ts';
import { invalid } from '../api/errors.ts';
import { settlePending } from '../payments/settle-pending.ts';
import { billPayment } from './bill-payment.ts';
import type { Session } from './details.ts';

/**
 * The bank answers a debit that a complete but unpaid session waits for: the
 * money arrives, or it does not. The session stays complete either way.
 */
export function settleBankDebit(context: Context, session: Session, succeeds: boolean): Session {
  const intent =
    session.payment_intent === null ? undefined : context.store.get('payment_intent', session.payment_intent);
  if (session.status !== 'complete' || intent?.status !== 'processing') {
    throw invalid(`Checkout Session ${session.id} does not wait for a payment.`);
  }
  const settled = settlePending(context, intent, succeeds);
  const customer = session.customer === null ? null : context.store.must('customer', session.customer);
  const billed = succeeds ? billPayment(context, session, { customer, intent: settled }) : {};
  return change(
    context,
    session,
    { ...billed, payment_status: succeeds ? 'paid' : 'unpaid' },
    succeeds ? 'checkout.session.async_payment_succeeded' : 'checkout.session.async_payment_failed',
  );
}
