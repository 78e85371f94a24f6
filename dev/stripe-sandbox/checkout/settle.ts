import { change, type Context } from '../state/context.ts';
import { invalid } from '../api/errors.ts';
import { settlePending } from '../payments/settle-pending.ts';
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
  settlePending(context, intent, succeeds);
  const result = change(context, session, { payment_status: succeeds ? 'paid' : 'unpaid' });
  context.events.emit(
    context,
    succeeds ? 'checkout.session.async_payment_succeeded' : 'checkout.session.async_payment_failed',
    result,
  );
  return result;
}
