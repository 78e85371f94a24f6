import { equals } from '../api/lists.ts';
import { list, operation, own, type Operation } from '../api/operations.ts';
import { deleteCustomer } from '../billing/subscriptions/delete-customer.ts';
import { createPayingCustomer, updatePayingCustomer } from '../payments/paying-customer.ts';

const PATH = '/v1/customers';

export const customers: readonly Operation[] = [
  operation('POST', PATH, 'customerCreate', createPayingCustomer),
  operation(
    'GET',
    `${PATH}/:id`,
    'expandOnly',
    (context, _params, id) => context.store.deleted(id) ?? own(context, 'customer', id),
  ),
  operation('POST', `${PATH}/:id`, 'customerUpdate', (context, params, id) =>
    updatePayingCustomer(context, own(context, 'customer', id), params),
  ),
  operation('DELETE', `${PATH}/:id`, 'nothing', (context, _params, id) =>
    deleteCustomer(context, own(context, 'customer', id)),
  ),
  list(
    PATH,
    'customer',
    'customerList',
    (customer, params) =>
      equals(customer.email, params.email) && customer.test_clock === (params.test_clock ?? null),
  ),
];
