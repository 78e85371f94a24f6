import { equals } from '../api/lists.ts';
import { list, operation, own, type Operation } from '../api/operations.ts';
import { createCustomer, updateCustomer } from '../objects/customer.ts';
import { change, type Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';

const PATH = '/v1/customers';
type Customer = ObjectTypes['customer'];

export const customers: readonly Operation[] = [
  operation('POST', PATH, 'customerCreate', createCustomer),
  operation('GET', `${PATH}/:id`, 'expandOnly', (context, _params, id) => {
    return context.store.deleted(id) ?? own(context, 'customer', id);
  }),
  operation('POST', `${PATH}/:id`, 'customerUpdate', (context, params, id) =>
    updateCustomer(context, own(context, 'customer', id), params),
  ),
  operation('DELETE', `${PATH}/:id`, 'nothing', (context, _params, id) => {
    const customer = own(context, 'customer', id);
    cancelSubscriptionsOf(context, customer);
    context.events.emit(context, 'customer.deleted', customer);
    return context.store.delete(customer);
  }),
  list(PATH, 'customer', 'customerList', (customer, params) => equals(customer.email, params.email), [
    'test_clock',
  ]),
];

function cancelSubscriptionsOf(context: Context, customer: Customer): void {
  const now = context.now();
  for (const subscription of context.store.all('subscription')) {
    if (subscription.customer !== customer.id || subscription.status === 'canceled') continue;
    const ended = change(context, subscription, { status: 'canceled', canceled_at: now, ended_at: now });
    context.events.emit(context, 'customer.subscription.deleted', ended);
  }
}
