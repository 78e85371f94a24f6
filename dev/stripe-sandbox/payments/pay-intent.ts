import type { Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';

type PaymentIntent = ObjectTypes['payment_intent'];
type PaymentMethod = ObjectTypes['payment_method'];

export interface Attempt {
  /** The buyer is not there to be asked anything. */
  readonly offSession: boolean;
  /** What the bank has learnt from the buyer, when it had to ask. */
  readonly authentication?: 'confirmed' | 'refused';
}

/**
 * Tries to pay an intent: the one place where money moves. Tells the charge and
 * the intent by their events and returns the intent as it is now: `succeeded`,
 * `requires_capture`, `processing` (a bank debit), `requires_action` (the bank
 * asks the buyer) or `requires_payment_method` with its `last_payment_error`.
 */
export function payIntent(
  _context: Context,
  _intent: PaymentIntent,
  _method: PaymentMethod,
  _attempt: Attempt,
): PaymentIntent {
  throw new Error('not built yet');
}
