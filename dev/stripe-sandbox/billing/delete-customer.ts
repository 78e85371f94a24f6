import { change, type Context } from '../state/context.ts';
import type { DeletedObject } from '../state/store.ts';
import type { ObjectTypes } from '../state/wire.ts';

type Customer = ObjectTypes['customer'];

/** Deletes a customer and cancels all subscriptions at once. Invoices and charges stay as they are. */
export function deleteCustomer(context: Context, customer: Customer): DeletedObject {
  cancelSubscriptionsOf(context, customer);
  const latest = context.store.must('customer', customer.id);
  context.events.emit(context, 'customer.deleted', latest);
  return context.store.delete(latest);
}

function cancelSubscriptionsOf(context: Context, customer: Customer): void {
  const now = context.now();
  for (const subscription of context.store.all('subscription')) {
    if (subscription.customer !== customer.id || subscription.status === 'canceled') continue;
    const ended = change(context, subscription, { status: 'canceled', canceled_at: now, ended_at: now });
    context.events.emit(context, 'customer.subscription.deleted', ended);
  }
}
