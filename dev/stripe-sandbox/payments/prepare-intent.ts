import { invalid, refuseUnsupported, tooSmall } from '../api/errors.ts';
import type { Params } from '../api/parameters.ts';
import { defined, mergeMetadata, textOrNull, updatedText } from '../api/values.ts';
import { methodTypes } from '../banks/method-types.ts';
import { addressOf } from '../objects/address.ts';
import { newPaymentIntent } from '../objects/payment-intent.ts';
import { add, change, type Context } from '../state/context.ts';
import { checkCurrency, displayMoney, LARGEST_AMOUNT, smallestCharge } from '../api/money.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { unexpectedState } from './intent-state.ts';
import { customerOr } from './named-customer.ts';
import { methodOfParams } from './payment-methods.ts';

type PaymentIntent = ObjectTypes['payment_intent'];
type PaymentMethod = ObjectTypes['payment_method'];
type CreateParams = Params<'paymentIntentCreate'>;
type UpdateParams = Params<'paymentIntentUpdate'>;

/** What Stripe takes and the sandbox does not play. */
export const UNSUPPORTED = [
  'amount_details',
  'application_fee_amount',
  'confirmation_token',
  'customer_account',
  'hooks',
  'mandate',
  'on_behalf_of',
  'payment_details',
  'payment_method_configuration',
  'payment_method_options',
  'radar_options',
  'transfer_data',
];

/** What a creation takes only if it confirms at once. */
const CONFIRM_ONLY = ['error_on_requires_action', 'mandate_data', 'off_session', 'return_url'] as const;

/** A new intent that waits for a payment method or for its confirmation (`payment_intent.created`). */
export function createIntent(context: Context, params: CreateParams): PaymentIntent {
  refuseUnsupported(params, UNSUPPORTED);
  const unconfirmed = params.confirm ? undefined : CONFIRM_ONLY.find((name) => params[name] !== undefined);
  if (unconfirmed) {
    throw invalid(`You can only use the parameter '${unconfirmed}' with confirm=true.`, unconfirmed);
  }
  if (params.confirmation_method === 'manual') refuseUnsupported(params, ['confirmation_method']);
  const currency = checkCurrency(params.currency, 'currency');
  checkAmount(params.amount, currency);
  const customer = customerOr(context, params.customer, null);
  const method = methodOfParams(context, params, customer);
  if (params.confirm && !method && !defaultSource(context, customer)) throw missingMethod();
  const intent: PaymentIntent = {
    ...newPaymentIntent(context, {
      amount: params.amount,
      currency,
      customer,
      data: undefined,
      description: textOrNull(params.description),
      paymentMethodTypes: methodTypes(currency, params),
      setupFutureUsage: params.setup_future_usage ?? null,
    }),
    allowed_payment_method_types: params.allowed_payment_method_types ?? null,
    automatic_payment_methods: automaticMethods(params),
    capture_method: params.capture_method ?? 'automatic_async',
    excluded_payment_method_types: params.excluded_payment_method_types ?? null,
    metadata: mergeMetadata({}, params.metadata),
    payment_method: method?.id ?? null,
    receipt_email: textOrNull(params.receipt_email),
    shipping: shippingOf(params.shipping),
    statement_descriptor: textOrNull(params.statement_descriptor),
    statement_descriptor_suffix: textOrNull(params.statement_descriptor_suffix),
    status: method ? 'requires_confirmation' : 'requires_payment_method',
    transfer_group: textOrNull(params.transfer_group),
  };
  return add(context, intent, 'payment_intent.created');
}

/** Changes an intent without confirming it. Throws 400 for what its status does not allow any more. */
export function updateIntent(context: Context, intent: PaymentIntent, params: UpdateParams): PaymentIntent {
  refuseUnsupported(params, UNSUPPORTED);
  const isOpen = intent.status.startsWith('requires_') && intent.status !== 'requires_capture';
  for (const name of ['amount', 'currency', 'customer', 'payment_method', 'setup_future_usage'] as const) {
    if (params[name] === undefined || isOpen) continue;
    throw unexpectedState(
      intent,
      `This PaymentIntent's ${name} could not be updated because it has a status of ${intent.status}. You may only update the ${name} of a PaymentIntent with one of the following statuses: requires_payment_method, requires_confirmation, requires_action.`,
    );
  }
  const customer = customerOr(context, params.customer, intent.customer);
  const currency =
    params.currency === undefined ? intent.currency : checkCurrency(params.currency, 'currency');
  const amount = params.amount ?? intent.amount;
  checkAmount(amount, currency);
  const method = methodOfParams(context, params, customer);
  const patch = defined({
    amount,
    capture_method: params.capture_method,
    currency,
    customer,
    description: updatedText(params.description, undefined),
    metadata: mergeMetadata(intent.metadata, params.metadata),
    receipt_email: updatedText(params.receipt_email, undefined),
    setup_future_usage: params.setup_future_usage === '' ? null : params.setup_future_usage,
    shipping: params.shipping === undefined ? undefined : shippingOf(params.shipping),
    statement_descriptor: updatedText(params.statement_descriptor, undefined),
    statement_descriptor_suffix: updatedText(params.statement_descriptor_suffix, undefined),
    transfer_group: updatedText(params.transfer_group, undefined),
  });
  return change(context, intent, { ...patch, ...(method && awaitingConfirmation(method)) });
}

/** An intent with a payment method that was not tried yet. */
function awaitingConfirmation(method: PaymentMethod): Partial<PaymentIntent> {
  return {
    last_payment_error: null,
    next_action: null,
    payment_method: method.id,
    status: 'requires_confirmation',
  };
}

/** What a payment is made by when nobody names anything: only a source of the legacy kind. */
export function defaultSource(context: Context, customer: string | null): string | null {
  return customer === null ? null : (context.store.get('customer', customer)?.default_source ?? null);
}

/** 400: there is nothing to pay by. */
export function missingMethod(): Error {
  return invalid(
    "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.",
    undefined,
    'payment_intent_unexpected_state',
  );
}

export function shippingOf(params: CreateParams['shipping'] | '' | null): PaymentIntent['shipping'] {
  if (!params) return null;
  const { address, carrier, name, phone, tracking_number } = params;
  return {
    address: addressOf(address),
    carrier: textOrNull(carrier),
    name,
    phone: textOrNull(phone),
    tracking_number: textOrNull(tracking_number),
  };
}

/** https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts */
function checkAmount(amount: number, currency: string): void {
  if (amount < 1) throw tooSmall(1, 'amount');
  const least = smallestCharge(currency);
  if (amount < least) {
    const message = `Amount must be at least ${displayMoney(least, currency)} ${currency}`;
    throw invalid(message, 'amount', 'amount_too_small');
  }
  if (amount > LARGEST_AMOUNT) {
    const message = `Amount must be no more than ${displayMoney(LARGEST_AMOUNT, currency)}`;
    throw invalid(message, 'amount', 'amount_too_large');
  }
}

function automaticMethods({
  automatic_payment_methods: wanted,
}: CreateParams): PaymentIntent['automatic_payment_methods'] {
  return { allow_redirects: wanted?.allow_redirects ?? 'always', enabled: wanted?.enabled ?? true };
}
