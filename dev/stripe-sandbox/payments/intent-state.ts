import { cardError, StripeFailure } from '../api/errors.ts';
import type { ObjectTypes } from '../state/wire.ts';

type PaymentIntent = ObjectTypes['payment_intent'];
type SetupIntent = ObjectTypes['setup_intent'];

/** 400: what is asked does not fit what the intent is now. */
export function unexpectedState(intent: PaymentIntent | SetupIntent, message: string): StripeFailure {
  const { object } = intent;
  return new StripeFailure(400, {
    type: 'invalid_request_error',
    code: `${object}_unexpected_state`,
    message,
    [object]: intent,
  });
}

/** Throws 400 unless the intent has one of these statuses; `verb` as in "could not be `captured`". */
export function checkStatus(
  intent: PaymentIntent | SetupIntent,
  verb: string,
  statuses: readonly string[],
): void {
  if (statuses.includes(intent.status)) return;
  const kind = intent.object === 'payment_intent' ? 'PaymentIntent' : 'SetupIntent';
  throw unexpectedState(
    intent,
    `This ${kind} could not be ${verb} because it has a status of ${intent.status}. Only a ${kind} with one of the following statuses may be ${verb}: ${statuses.join(', ')}.`,
  );
}

/** 402 for an intent that has just been declined: it is in the answer, as its failure has left it. */
export function declinedIntent(intent: PaymentIntent | SetupIntent): StripeFailure | undefined {
  const error = intent.object === 'payment_intent' ? intent.last_payment_error : intent.last_setup_error;
  if (intent.status !== 'requires_payment_method' || !error) return undefined;
  const { charge, code = 'card_declined', decline_code, message = '', payment_method } = error;
  return cardError({
    code,
    message,
    ...(charge !== undefined && { charge }),
    ...(decline_code !== undefined && { decline_code }),
    ...(payment_method !== undefined && { payment_method }),
    [intent.object]: intent,
  });
}
