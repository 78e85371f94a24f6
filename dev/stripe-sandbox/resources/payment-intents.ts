import { equals } from '../api/lists.ts';
import { list, operation, own, retrieve, type Operation } from '../api/operations.ts';
import { intentSettled } from '../billing/invoices/collect-invoice.ts';
import { cancelIntent } from '../payments/cancel-intent.ts';
import { captureIntent } from '../payments/capture-intent.ts';
import { confirmIntent } from '../payments/confirm-intent.ts';
import { declinedIntent } from '../payments/intent-state.ts';
import { createIntent, updateIntent } from '../payments/prepare-intent.ts';
import type { Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';

const PATH = '/v1/payment_intents';
type PaymentIntent = ObjectTypes['payment_intent'];

export const paymentIntents: readonly Operation[] = [
  operation('POST', PATH, 'paymentIntentCreate', (context, params) => {
    const intent = createIntent(context, params);
    if (!params.confirm) return intent;
    // What the creation has taken is not to be taken a second time.
    const { payment_method: _named, payment_method_data: _made, ...rest } = params;
    return answerOf(context, confirmIntent(context, intent, rest));
  }),
  retrieve(PATH, 'payment_intent'),
  operation('POST', `${PATH}/:id`, 'paymentIntentUpdate', (context, params, id) =>
    updateIntent(context, own(context, 'payment_intent', id), params),
  ),
  operation('POST', `${PATH}/:id/confirm`, 'paymentIntentConfirm', (context, params, id) =>
    answerOf(context, confirmIntent(context, own(context, 'payment_intent', id), params)),
  ),
  operation('POST', `${PATH}/:id/capture`, 'paymentIntentCapture', (context, params, id) => {
    const captured = captureIntent(context, own(context, 'payment_intent', id), params);
    intentSettled(context, captured);
    return captured;
  }),
  operation('POST', `${PATH}/:id/cancel`, 'paymentIntentCancel', (context, params, id) =>
    cancelIntent(context, own(context, 'payment_intent', id), params.cancellation_reason ?? null),
  ),
  list(
    PATH,
    'payment_intent',
    'paymentIntentList',
    (intent, params) =>
      equals(intent.customer, params.customer) && equals(intent.customer_account, params.customer_account),
  ),
];

/** An invoice that waits for the intent learns what came of it; a decline is answered by 402. */
function answerOf(context: Context, intent: PaymentIntent): PaymentIntent {
  intentSettled(context, intent);
  const failure = declinedIntent(intent);
  if (failure) throw failure;
  return intent;
}
