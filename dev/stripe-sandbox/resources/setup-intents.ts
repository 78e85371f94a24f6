import { equals } from '../api/lists.ts';
import { list, operation, own, retrieve, type Operation } from '../api/operations.ts';
import { declinedIntent } from '../payments/intent-state.ts';
import {
  cancelSetupIntent,
  confirmSetupIntent,
  createSetupIntent,
  updateSetupIntent,
} from '../payments/setup-intents.ts';
import type { ObjectTypes } from '../state/wire.ts';

const PATH = '/v1/setup_intents';
type SetupIntent = ObjectTypes['setup_intent'];

export const setupIntents: readonly Operation[] = [
  operation('POST', PATH, 'setupIntentCreate', (context, params) => {
    const intent = createSetupIntent(context, params);
    if (!params.confirm) return intent;
    // What the creation has taken is not to be taken a second time.
    const { payment_method: _named, payment_method_data: _made, ...rest } = params;
    return answerOf(confirmSetupIntent(context, intent, rest));
  }),
  retrieve(PATH, 'setup_intent'),
  operation('POST', `${PATH}/:id`, 'setupIntentUpdate', (context, params, id) =>
    updateSetupIntent(context, own(context, 'setup_intent', id), params),
  ),
  operation('POST', `${PATH}/:id/confirm`, 'setupIntentConfirm', (context, params, id) =>
    answerOf(confirmSetupIntent(context, own(context, 'setup_intent', id), params)),
  ),
  operation('POST', `${PATH}/:id/cancel`, 'setupIntentCancel', (context, params, id) =>
    cancelSetupIntent(context, own(context, 'setup_intent', id), params.cancellation_reason ?? null),
  ),
  list(
    PATH,
    'setup_intent',
    'setupIntentList',
    (intent, params) =>
      equals(intent.customer, params.customer) &&
      equals(intent.customer_account, params.customer_account) &&
      equals(intent.payment_method, params.payment_method) &&
      equals(intent.attach_to_self ?? false, params.attach_to_self),
  ),
];

/** A card that its bank refuses to be saved is answered by 402. */
function answerOf(intent: SetupIntent): SetupIntent {
  const failure = declinedIntent(intent);
  if (failure) throw failure;
  return intent;
}
