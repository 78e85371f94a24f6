import { equals } from '../api/lists.ts';
import { list, retrieve, type Operation } from '../api/operations.ts';

const PATH = '/v1/payment_intents';

export const paymentIntents: readonly Operation[] = [
  retrieve(PATH, 'payment_intent'),
  list(PATH, 'payment_intent', 'paymentIntentList', (intent, params) => {
    return (
      equals(intent.customer, params.customer) && equals(intent.customer_account, params.customer_account)
    );
  }),
];
