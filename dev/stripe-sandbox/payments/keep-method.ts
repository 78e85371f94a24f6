import { change, type Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';

type PaymentMethod = ObjectTypes['payment_method'];

/** The customer keeps the payment method. */
export function attachMethod(context: Context, method: PaymentMethod, customer: string): PaymentMethod {
  return change(context, method, { customer }, 'payment_method.attached');
}

/** From now on the payment method can be charged without the buyer, whose bank has agreed. */
export function markSetUp(context: Context, method: PaymentMethod): void {
  const facts = context.store.mustFacts('payment_method', method.id);
  context.store.setFacts('payment_method', method.id, { ...facts, isSetUp: true });
}
