import { detachMethod, methodsOf } from '../../payments/keep-method.ts';
import type { Context } from '../../state/context.ts';
import type { DeletedObject } from '../../state/store.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { cancelSchedulesOf } from '../schedules/end-schedule.ts';
import { deleteItem } from '../invoices/invoice-items.ts';
import { endSubscriptionsOf } from './end-subscription.ts';

type Customer = ObjectTypes['customer'];

/**
 * Deletes a customer: subscriptions and schedules end at once, payment methods are detached, and what
 * waited to be billed is deleted (`invoiceitem.deleted`). Invoices and charges stay as they are.
 */
export function deleteCustomer(context: Context, customer: Customer): DeletedObject {
  endSubscriptionsOf(context, customer.id);
  cancelSchedulesOf(context, customer.id);
  for (const item of context.store.all('invoiceitem')) {
    if (item.customer === customer.id && item.invoice === null) deleteItem(context, item);
  }
  for (const method of methodsOf(context, customer.id)) detachMethod(context, method);
  const latest = context.store.must('customer', customer.id);
  context.events.emit(context, 'customer.deleted', latest);
  return context.store.delete(latest);
}
