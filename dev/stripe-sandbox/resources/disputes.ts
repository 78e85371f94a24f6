import { equals } from '../api/lists.ts';
import { list, operation, own, retrieve, type Operation } from '../api/operations.ts';
import { updateDispute } from '../payments/dispute-evidence.ts';
import { closeDispute } from '../payments/disputes.ts';

const PATH = '/v1/disputes';

export const disputes: readonly Operation[] = [
  retrieve(PATH, 'dispute'),
  operation('POST', `${PATH}/:id`, 'disputeUpdate', (context, params, id) =>
    updateDispute(context, own(context, 'dispute', id), params),
  ),
  // Whoever closes a dispute accepts it.
  operation('POST', `${PATH}/:id/close`, 'disputeClose', (context, _params, id) =>
    closeDispute(context, own(context, 'dispute', id), 'lost'),
  ),
  list(
    PATH,
    'dispute',
    'disputeList',
    (dispute, params) =>
      equals(dispute.charge, params.charge) && equals(dispute.payment_intent, params.payment_intent),
  ),
];
