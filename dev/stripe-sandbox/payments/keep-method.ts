import { invalid } from '../api/errors.ts';
import { change, type Context } from '../state/context.ts';
import type { EventType, ObjectTypes } from '../state/wire.ts';

type PaymentMethod = ObjectTypes['payment_method'];

/** The customer keeps the payment method. */
export function attachMethod(context: Context, method: PaymentMethod, customer: string): PaymentMethod {
  return change(context, method, { customer }, 'payment_method.attached');
}

/** The customer gives up the payment method, for good. Throws 400 when nobody has it. */
export function detachMethod(context: Context, method: PaymentMethod): PaymentMethod {
  if (method.customer === null) {
    throw invalid(
      'The payment method you provided is not attached to a customer so detachment is impossible.',
      'payment_method',
    );
  }
  return giveUp(context, method, 'payment_method.detached');
}

/** Takes a payment method from its customer, who pays by it no more. */
export function giveUp(context: Context, method: PaymentMethod, ...events: EventType[]): PaymentMethod {
  const customer = method.customer === null ? undefined : context.store.get('customer', method.customer);
  spend(context, method);
  const free = change(context, method, { customer: null }, ...events);
  if (!customer) return free;
  const settings = customer.invoice_settings;
  const isDefault = settings.default_payment_method === method.id;
  const patch = {
    default_source: customer.default_source === method.id ? null : customer.default_source,
    invoice_settings: isDefault ? { ...settings, default_payment_method: null } : settings,
  };
  change(context, customer, patch, 'customer.updated');
  return free;
}

/** All that a customer has attached, newest first. */
export function methodsOf(context: Context, customer: string): PaymentMethod[] {
  return context.store.all('payment_method').filter((method) => method.customer === customer);
}

/** From now on the payment method can be charged without the buyer, whose bank has agreed. */
export function markSetUp(context: Context, method: PaymentMethod): void {
  const facts = context.store.mustFacts('payment_method', method.id);
  context.store.setFacts('payment_method', method.id, { ...facts, isSetUp: true });
}

/** The payment method cannot be used again. */
export function spend(context: Context, method: PaymentMethod): void {
  const facts = context.store.mustFacts('payment_method', method.id);
  context.store.setFacts('payment_method', method.id, { ...facts, isSpent: true });
}
