import { updateSubscription } from '../billing/subscriptions/update-subscription.ts';
import { updateCustomer } from '../objects/customer.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { runningSubscriptions, type Visit } from './visit.ts';

/** Makes the card of a setup intent the default one, of the customer and of the subscriptions with one of their own. */
export function makeDefault(visit: Visit, { payment_method: method }: ObjectTypes['setup_intent']): void {
  const { context, customer } = visit;
  if (method === null) return;
  updateCustomer(context, context.store.must('customer', customer.id), {
    invoice_settings: { default_payment_method: method },
  });
  for (const { id, default_payment_method: own, default_source: source } of runningSubscriptions(visit)) {
    if (own === null && source === null) continue;
    const subscription = context.store.must('subscription', id);
    updateSubscription(context, subscription, { members: { default_payment_method: method } });
  }
}
