import { refuseUnsupported } from '../api/errors.ts';
import { equals } from '../api/lists.ts';
import { list, operation, own, retrieve, type Operation } from '../api/operations.ts';
import type { Params } from '../api/parameters.ts';
import { defined, mergeMetadata, updatedText } from '../api/values.ts';
import { shippingOf } from '../payments/prepare-intent.ts';
import { change, type Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';

const PATH = '/v1/charges';
type Charge = ObjectTypes['charge'];

export const charges: readonly Operation[] = [
  retrieve(PATH, 'charge'),
  operation('POST', `${PATH}/:id`, 'chargeUpdate', (context, params, id) =>
    updateCharge(context, own(context, 'charge', id), params),
  ),
  list(
    PATH,
    'charge',
    'chargeList',
    (charge, params) =>
      equals(charge.customer, params.customer) &&
      equals(charge.payment_intent, params.payment_intent) &&
      equals(charge.transfer_group, params.transfer_group),
  ),
];

function updateCharge(context: Context, charge: Charge, params: Params<'chargeUpdate'>): Charge {
  refuseUnsupported(params, ['customer']);
  const report = params.fraud_details?.user_report;
  const patch = defined({
    description: updatedText(params.description, undefined),
    fraud_details: report === undefined ? undefined : report ? { user_report: report } : {},
    metadata: mergeMetadata(charge.metadata, params.metadata),
    receipt_email: updatedText(params.receipt_email, undefined),
    shipping: params.shipping && shippingOf(params.shipping),
    transfer_group: updatedText(params.transfer_group, undefined),
  });
  return change(context, charge, patch, 'charge.updated');
}
