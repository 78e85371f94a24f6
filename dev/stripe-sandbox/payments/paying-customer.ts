import { noSuch, onlyOneOf } from '../api/errors.ts';
import type { Params } from '../api/parameters.ts';
import { createCustomer, updateCustomer } from '../objects/customer.ts';
import { inTimeOf } from '../state/clock.ts';
import type { Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { attachMethod } from './keep-method.ts';
import { methodOfCustomer, notOfCustomer, usableMethod } from './named-method.ts';
import { checkSavable } from './payment-methods.ts';
import { addSource, keepSource, newSource, removeSource } from './sources.ts';

type Customer = ObjectTypes['customer'];
type PaymentMethod = ObjectTypes['payment_method'];

const DEFAULT_METHOD = 'invoice_settings[default_payment_method]';

/** A new customer with what it pays by. Throws 400 or 402 before there is a customer. */
export function createPayingCustomer(context: Context, params: Params<'customerCreate'>): Customer {
  const { payment_method, source, invoice_settings, ...rest } = params;
  const method = payment_method === undefined ? undefined : savable(context, payment_method);
  const wanted = invoice_settings?.default_payment_method;
  if (wanted && wanted !== payment_method && wanted !== method?.id)
    throw notOfCustomer(wanted, DEFAULT_METHOD);
  const card = source === undefined ? undefined : newSource(context, source);
  const settings =
    wanted && method ? { ...invoice_settings, default_payment_method: method.id } : invoice_settings;
  const customer = createCustomer(
    context,
    { ...rest, ...(settings && { invoice_settings: settings }) },
    card?.id,
  );
  const now = inTimeOf(context, customer.id);
  if (method) attachMethod(now, method, customer.id);
  if (card) keepSource(now, card, customer.id);
  return context.store.must('customer', customer.id);
}

function savable(context: Context, id: string): PaymentMethod {
  const method = usableMethod(context, id, null);
  checkSavable(context, method);
  return method;
}

/** Throws 400 for a default that the customer does not have, 402 for a source that its bank refuses. */
export function updatePayingCustomer(
  context: Context,
  customer: Customer,
  params: Params<'customerUpdate'>,
): Customer {
  const { source, ...rest } = params;
  const wanted = rest.invoice_settings?.default_payment_method;
  if (wanted) methodOfCustomer(context, wanted, customer.id, DEFAULT_METHOD);
  if (rest.default_source !== undefined) checkSource(context, customer, rest.default_source);
  if (source === undefined) return updateCustomer(context, customer, rest);
  if (rest.default_source !== undefined) {
    throw onlyOneOf(['source', 'default_source'], 'source');
  }
  // A new source takes the place of the default one.
  const card = addSource(context, customer, source, {});
  const old = customer.default_source;
  const latest = context.store.must('customer', customer.id);
  const updated = updateCustomer(context, latest, { ...rest, default_source: card.id });
  if (old !== null) removeSource(context, context.store.must('payment_method', old));
  return context.store.must('customer', updated.id);
}

function checkSource(context: Context, customer: Customer, id: string): void {
  const method = context.store.get('payment_method', id);
  if (method?.customer !== customer.id || !id.startsWith('card_'))
    throw noSuch('source', id, 'default_source');
}
