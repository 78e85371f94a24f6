import { change, type Context } from '../state/context.ts';
import { invalid } from '../api/errors.ts';
import type { Session } from './details.ts';

/**
 * The bank answers a debit that a complete but unpaid session waits for: the
 * money arrives, or it does not. The session stays complete either way.
 */
export function settleBankDebit(context: Context, session: Session, succeeds: boolean): Session {
  const intent =
    session.payment_intent === null ? undefined : context.store.get('payment_intent', session.payment_intent);
  if (session.status !== 'complete' || intent?.status !== 'processing' || intent.latest_charge === null) {
    throw invalid(`Checkout Session ${session.id} does not wait for a payment.`);
  }
  const charge = context.store.must('charge', intent.latest_charge);
  const charged = succeeds
    ? change(context, charge, { paid: true, status: 'succeeded' })
    : change(context, charge, {
        amount_captured: 0,
        captured: false,
        failure_code: 'insufficient_funds',
        failure_message: 'The account did not have the money.',
        status: 'failed',
      });
  context.events.emit(context, succeeds ? 'charge.succeeded' : 'charge.failed', charged);
  const settled = succeeds
    ? change(context, intent, { amount_received: intent.amount, status: 'succeeded' })
    : change(context, intent, { payment_method: null, status: 'requires_payment_method' });
  context.events.emit(
    context,
    succeeds ? 'payment_intent.succeeded' : 'payment_intent.payment_failed',
    settled,
  );
  const result = change(context, session, { payment_status: succeeds ? 'paid' : 'unpaid' });
  context.events.emit(
    context,
    succeeds ? 'checkout.session.async_payment_succeeded' : 'checkout.session.async_payment_failed',
    result,
  );
  return result;
}
