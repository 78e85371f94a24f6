import { cardError, invalid, missing, refuseUnsupported } from '../api/errors.ts';
import type { Params } from '../api/parameters.ts';
import { defined, isEmail, mergeMetadata, updatedText } from '../api/values.ts';
import { addressOf } from '../objects/address.ts';
import { newBankDebit, newCard, newSepaDebit, NOBODY } from '../objects/payment-method.ts';
import { change, type Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { isCardNumber, isPast, refusalToSave, type Card } from '../banks/cards.ts';
import type { Decline } from '../banks/declines.ts';
import { attachMethod } from './keep-method.ts';
import { cardOfToken, unspent, usableMethod } from './named-method.ts';

type PaymentMethod = ObjectTypes['payment_method'];
type CreateParams = Params<'paymentMethodCreate'>;
type BillingDetails = PaymentMethod['billing_details'];

/** What `POST /v1/payment_methods` and `payment_method_data` have in common. */
type MethodParams = Pick<
  CreateParams,
  'allow_redisplay' | 'bacs_debit' | 'billing_details' | 'card' | 'metadata' | 'sepa_debit' | 'type'
>;

/** Makes a payment method of a card or a bank account; nobody's yet. Throws 400, or 402 for a bad card. */
export function createMethod(context: Context, params: MethodParams): PaymentMethod {
  const method = newMethod(context, params);
  return context.store.put({
    ...method,
    allow_redisplay: params.allow_redisplay ?? 'unspecified',
    billing_details: billingDetails(params.billing_details, NO_DETAILS),
    metadata: mergeMetadata({}, params.metadata),
  });
}

/** The payment method that `payment_method` names or `payment_method_data` makes. */
export function methodOfParams(
  context: Context,
  params: { payment_method?: string; payment_method_data?: MethodParams },
  customer: string | null,
): PaymentMethod | undefined {
  if (params.payment_method_data) return createMethod(context, params.payment_method_data);
  if (params.payment_method === undefined) return undefined;
  return usableMethod(context, params.payment_method, customer);
}

function newMethod(context: Context, params: MethodParams): PaymentMethod {
  switch (params.type) {
    case undefined:
      throw missing('type');
    case 'card':
      return newCard(context, NOBODY, cardOf(context, params.card));
    case 'bacs_debit': {
      const { account_number: accountNumber, sort_code: sortCode } = params.bacs_debit ?? {};
      if (accountNumber === undefined) throw missing('bacs_debit[account_number]');
      if (sortCode === undefined) throw missing('bacs_debit[sort_code]');
      return newBankDebit(context, NOBODY, { accountNumber, sortCode: sortCode.replaceAll('-', '') });
    }
    case 'sepa_debit':
      if (!params.sepa_debit) throw missing('sepa_debit');
      return newSepaDebit(context, NOBODY, params.sepa_debit.iban.replaceAll(' ', '').toUpperCase());
    default:
      throw invalid(`The local Stripe sandbox does not play payment methods of type ${params.type}.`, 'type');
  }
}

function cardOf(context: Context, params: CreateParams['card']): Card {
  if (!params) throw missing('card');
  refuseUnsupported(params, ['networks']);
  if (params.token !== undefined) return cardOfToken(context, params.token, 'card[token]');
  const { number, exp_month: expMonth, exp_year: expYear } = params;
  if (number === undefined) throw missing('card[number]');
  if (expMonth === undefined) throw missing('card[exp_month]');
  if (expYear === undefined) throw missing('card[exp_year]');
  const digits = number.replace(/[\s-]/g, '');
  const wrong = (code: string, message: string, param: string): Error =>
    cardError({ code, message, param: `card[${param}]` });
  if (!isCardNumber(digits)) throw wrong('incorrect_number', 'Your card number is incorrect.', 'number');
  if (expMonth < 1 || expMonth > 12)
    throw wrong('invalid_expiry_month', "Your card's expiration month is invalid.", 'exp_month');
  if (isPast(expMonth, expYear, context.now()))
    throw wrong('invalid_expiry_year', "Your card's expiration year is invalid.", 'exp_year');
  return { number: digits, expMonth, expYear };
}

/** Attaches a payment method that may be used, once its bank lets the customer keep it. Throws 400 or 402. */
export function attachOnRequest(context: Context, method: PaymentMethod, customer: string): PaymentMethod {
  if (method.customer === customer) return method;
  if (method.customer !== null) {
    throw invalid(
      'The payment method you provided has already been attached to a customer.',
      'payment_method',
    );
  }
  checkSavable(context, unspent(context, method));
  return attachMethod(context, method, customer);
}

/** Throws 402 when the bank would not let the card be saved. */
export function checkSavable(context: Context, method: PaymentMethod): void {
  const refusal = refusalToSave(context.store, method);
  if (refusal) throw declined(refusal, method);
}

function declined({ code, declineCode, message }: Decline, method: PaymentMethod): Error {
  return cardError({ code, decline_code: declineCode, message, payment_method: method });
}

export function updateMethod(
  context: Context,
  method: PaymentMethod,
  params: Params<'paymentMethodUpdate'>,
): PaymentMethod {
  refuseUnsupported(params, ['us_bank_account']);
  refuseUnsupported(params.card ?? {}, ['networks']);
  const { exp_month, exp_year } = params.card ?? {};
  const patch = defined({
    allow_redisplay: params.allow_redisplay,
    billing_details: params.billing_details && billingDetails(params.billing_details, method.billing_details),
    card: method.card && params.card && { ...method.card, ...defined({ exp_month, exp_year }) },
    metadata: mergeMetadata(method.metadata ?? {}, params.metadata),
  });
  return change(context, method, patch, 'payment_method.updated');
}

const NO_DETAILS: BillingDetails = {
  address: { city: null, country: null, line1: null, line2: null, postal_code: null, state: null },
  email: null,
  name: null,
  phone: null,
  tax_id: null,
};

function billingDetails(params: CreateParams['billing_details'], old: BillingDetails): BillingDetails {
  const address = params?.address;
  const email = updatedText(params?.email, old.email);
  if (email !== null && !isEmail(email)) {
    throw invalid(`Invalid email address: ${email}`, 'billing_details[email]', 'email_invalid');
  }
  return {
    address: address === undefined ? old.address : addressOf(address || {}),
    email,
    name: updatedText(params?.name, old.name),
    phone: updatedText(params?.phone, old.phone),
    tax_id: updatedText(params?.tax_id, old.tax_id),
  };
}
