import { invalid, refuseUnsupported } from '../api/errors.ts';
import type { Params } from '../api/parameters.ts';
import { defined, updatedText } from '../api/values.ts';
import { checkAddress } from '../api/web-address.ts';
import { change, type Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { checkStatus, unexpectedState } from './intent-state.ts';
import { payIntent } from './pay-intent.ts';
import { usableMethod } from './named-method.ts';
import { methodOfParams } from './payment-methods.ts';
import { defaultSource, missingMethod, shippingOf, UNSUPPORTED } from './prepare-intent.ts';

type PaymentIntent = ObjectTypes['payment_intent'];
type PaymentMethod = ObjectTypes['payment_method'];
type ConfirmParams = Params<'paymentIntentConfirm'>;

const CONFIRMABLE = ['requires_payment_method', 'requires_confirmation', 'requires_action'];

/**
 * Confirms an intent, which tries to pay it. Returns it as it is then, also
 * after a decline. Throws 400 when it cannot be tried at all.
 */
export function confirmIntent(context: Context, intent: PaymentIntent, params: ConfirmParams): PaymentIntent {
  refuseUnsupported(params, UNSUPPORTED);
  checkAddress(params.return_url, 'return_url');
  checkConfirmable(intent);
  if (params.amount_to_confirm !== undefined && params.amount_to_confirm !== intent.amount) {
    throw invalid(
      `The amount_to_confirm (${params.amount_to_confirm}) does not match the PaymentIntent's amount (${intent.amount}).`,
      'amount_to_confirm',
    );
  }
  const method = methodFor(context, intent, params);
  if (!intent.payment_method_types.includes(method.type)) {
    throw invalid(
      `The PaymentMethod provided (${method.type}) is not allowed for this PaymentIntent. Please attach a PaymentMethod of one of the following types: ${intent.payment_method_types.join(', ')}.`,
      'payment_method',
    );
  }
  const patch = defined({
    capture_method: params.capture_method,
    receipt_email: updatedText(params.receipt_email, undefined),
    setup_future_usage: params.setup_future_usage === '' ? null : params.setup_future_usage,
    shipping: params.shipping === undefined ? undefined : shippingOf(params.shipping),
  });
  return payIntent(context, change(context, intent, patch), method, {
    // Who does not want to be asked is told the same as who cannot be.
    offSession: Boolean(params.off_session) || params.error_on_requires_action === true,
    returnUrl: params.return_url ?? null,
  });
}

function checkConfirmable(intent: PaymentIntent): void {
  if (intent.status === 'succeeded') {
    throw unexpectedState(
      intent,
      'You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.',
    );
  }
  checkStatus(intent, 'confirmed', CONFIRMABLE);
}

/** The method that is named, or that the intent has; at last the customer's default source. */
function methodFor(context: Context, intent: PaymentIntent, params: ConfirmParams): PaymentMethod {
  const given = methodOfParams(context, params, intent.customer);
  if (given) return given;
  const id = intent.payment_method ?? defaultSource(context, intent.customer);
  if (id === null) throw missingMethod();
  return usableMethod(context, id, intent.customer);
}
