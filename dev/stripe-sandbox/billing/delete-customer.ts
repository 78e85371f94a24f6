import { detachMethod, methodsOf } from '../payments/keep-method.ts';
import type { Context } from '../state/context.ts';
import type { DeletedObject } from '../state/store.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { endSubscriptionsOf } from './end-subscription.ts';

type Customer = ObjectTypes['customer'];

/** Deletes a customer, cancels all subscriptions at once and detaches the payment methods. Invoices and charges stay as they are. */
export function deleteCustomer(context: Context, customer: Customer): DeletedObject {
  endSubscriptionsOf(context, customer.id);
  for (const method of methodsOf(context, customer.id)) detachMethod(context, method);
  const latest = context.store.must('customer', customer.id);
  context.events.emit(context, 'customer.deleted', latest);
  return context.store.delete(latest);
}
