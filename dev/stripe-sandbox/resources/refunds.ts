import { invalid, missing, refuseUnsupported } from '../api/errors.ts';
import { equals } from '../api/lists.ts';
import { list, named, operation, own, retrieve, type Operation } from '../api/operations.ts';
import type { Params } from '../api/parameters.ts';
import { defined, mergeMetadata } from '../api/values.ts';
import { refundCharge } from '../payments/refunds.ts';
import { change, type Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';

const PATH = '/v1/refunds';
const UNSUPPORTED = [
  'currency',
  'customer',
  'instructions_email',
  'origin',
  'refund_application_fee',
  'reverse_transfer',
];

export const refunds: readonly Operation[] = [
  operation('POST', PATH, 'refundCreate', (context, params) => {
    refuseUnsupported(params, UNSUPPORTED);
    const { amount, reason } = params;
    const metadata = mergeMetadata({}, params.metadata);
    return refundCharge(context, chargeOf(context, params), { ...defined({ amount, reason }), metadata });
  }),
  retrieve(PATH, 'refund'),
  operation('POST', `${PATH}/:id`, 'refundUpdate', (context, params, id) => {
    const refund = own(context, 'refund', id);
    const metadata = mergeMetadata(refund.metadata ?? {}, params.metadata);
    return change(context, refund, { metadata }, 'refund.updated', 'charge.refund.updated');
  }),
  // Only payment methods that the sandbox does not play have refunds that wait for the buyer.
  operation('POST', `${PATH}/:id/cancel`, 'expandOnly', (context, _params, id) => {
    const { status } = own(context, 'refund', id);
    throw invalid(`You can only cancel a refund with a status of requires_action. This one is ${status}.`);
  }),
  list(
    PATH,
    'refund',
    'refundList',
    (refund, params) =>
      equals(refund.charge, params.charge) && equals(refund.payment_intent, params.payment_intent),
  ),
];

/** The charge that is named, or the one that has paid the payment intent. */
function chargeOf(context: Context, params: Params<'refundCreate'>): ObjectTypes['charge'] {
  if (params.charge !== undefined) {
    const charge = named(context, 'charge', params.charge, 'charge');
    if (equals(charge.payment_intent, params.payment_intent)) return charge;
    const message = `The charge ${charge.id} is not one of the PaymentIntent ${params.payment_intent}.`;
    throw invalid(message, 'payment_intent');
  }
  if (params.payment_intent === undefined) throw missing('charge');
  const intent = named(context, 'payment_intent', params.payment_intent, 'payment_intent');
  const charge =
    intent.latest_charge === null ? undefined : context.store.get('charge', intent.latest_charge);
  if (!charge || charge.status === 'failed') {
    const message = `This PaymentIntent (${intent.id}) does not have a successful charge to refund.`;
    throw invalid(message, 'payment_intent');
  }
  return charge;
}
