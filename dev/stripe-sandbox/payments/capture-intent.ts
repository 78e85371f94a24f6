import { invalid, refuseUnsupported, tooSmall } from '../api/errors.ts';
import type { Params } from '../api/parameters.ts';
import { defined, mergeMetadata, updatedText } from '../api/values.ts';
import { change, type Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { planDispute } from './disputes.ts';
import { checkStatus } from './intent-state.ts';

type PaymentIntent = ObjectTypes['payment_intent'];

const UNSUPPORTED = ['amount_details', 'application_fee_amount', 'hooks', 'payment_details', 'transfer_data'];

/** Takes the money that a manual capture has set aside, or part of it; the rest goes back. */
export function captureIntent(
  context: Context,
  intent: PaymentIntent,
  params: Params<'paymentIntentCapture'>,
): PaymentIntent {
  refuseUnsupported(params, UNSUPPORTED);
  if (params.final_capture === false) {
    throw invalid('The local Stripe sandbox captures a payment once.', 'final_capture');
  }
  checkStatus(intent, 'captured', ['requires_capture']);
  const amount = params.amount_to_capture ?? intent.amount_capturable;
  if (amount > intent.amount_capturable) {
    throw invalid(
      `The amount_to_capture (${amount}) cannot be greater than the amount_capturable (${intent.amount_capturable}).`,
      'amount_to_capture',
      'amount_too_large',
    );
  }
  if (amount < 1) throw tooSmall(1, 'amount_to_capture');
  const charge = context.store.must('charge', intent.latest_charge ?? '');
  const captured = {
    amount_captured: amount,
    amount_refunded: charge.amount - amount,
    captured: true,
  };
  planDispute(context, change(context, charge, captured, 'charge.captured'));
  const patch = defined({
    amount_capturable: 0,
    amount_received: amount,
    metadata: mergeMetadata(intent.metadata, params.metadata),
    statement_descriptor: updatedText(params.statement_descriptor, undefined),
    statement_descriptor_suffix: updatedText(params.statement_descriptor_suffix, undefined),
    status: 'succeeded' as const,
  });
  return change(context, intent, patch, 'payment_intent.succeeded');
}
