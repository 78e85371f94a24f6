import { invalid, noSuch } from '../api/errors.ts';
import { newCard, NOBODY } from '../objects/payment-method.ts';
import type { Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { cardNamed, type Card } from '../banks/cards.ts';

type PaymentMethod = ObjectTypes['payment_method'];

/**
 * The payment method that a parameter names. Stripe's names of test cards
 * (`pm_card_visa`) each make a new one. Throws 400 when there is none.
 */
export function namedMethod(context: Context, id: string, param: string): PaymentMethod {
  const known = context.store.get('payment_method', id);
  if (known) return known;
  const card = id.startsWith('pm_') ? cardNamed(id, context.now()) : undefined;
  if (!card) throw noSuch('PaymentMethod', id, param);
  return newCard(context, NOBODY, card);
}

/** The card of a token such as `tok_visa`. Throws 400 when there is none. */
export function cardOfToken(context: Context, token: string, param: string): Card {
  const card = token.startsWith('tok_') ? cardNamed(token, context.now()) : undefined;
  if (!card) throw noSuch('token', token, param);
  return card;
}

/** A payment method for a payment of this customer, or of nobody known. Throws 400 when it must not be used. */
export function usableMethod(context: Context, id: string, customer: string | null): PaymentMethod {
  const param = 'payment_method';
  const method = namedMethod(context, id, param);
  if (method.customer === null) return unspent(context, method);
  if (method.customer === customer) return method;
  if (customer !== null) throw notOfCustomer(id, param);
  throw invalid(
    `The PaymentMethod ${id} belongs to a Customer. Please include the Customer in the \`customer\` parameter.`,
    param,
  );
}

/** A payment method that this customer has attached. Throws 400 when it is not one. */
export function methodOfCustomer(
  context: Context,
  id: string,
  customer: string,
  param: string,
): PaymentMethod {
  const method = context.store.get('payment_method', id);
  if (method?.customer !== customer) throw notOfCustomer(id, param);
  return method;
}

/** Throws 400 for a payment method that was detached or used up. */
export function unspent(context: Context, method: PaymentMethod): PaymentMethod {
  if (!context.store.mustFacts('payment_method', method.id).isSpent) return method;
  throw invalid(
    'This PaymentMethod was previously used without being attached to a Customer or was detached from a Customer, and may not be used again.',
    'payment_method',
  );
}

/** 400: the customer has not attached this payment method. */
export function notOfCustomer(id: string, param: string): Error {
  return invalid(
    `The customer does not have a payment method with the ID ${id}. The payment method must be attached to the customer.`,
    param,
    'resource_missing',
  );
}
