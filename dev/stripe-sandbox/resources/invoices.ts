import { equals, page } from '../api/lists.ts';
import { list, operation, own, retrieve, type Operation } from '../api/operations.ts';

const PATH = '/v1/invoices';

export const invoices: readonly Operation[] = [
  retrieve(PATH, 'invoice'),
  operation('GET', `${PATH}/:id/lines`, 'invoiceLineItemsList', (context, params, id) => {
    return page(own(context, 'invoice', id).lines.data, params, `${PATH}/${id}/lines`);
  }),
  list(
    PATH,
    'invoice',
    'invoiceList',
    (invoice, params) =>
      equals(invoice.customer, params.customer) &&
      equals(invoice.status, params.status) &&
      equals(invoice.collection_method, params.collection_method) &&
      equals(invoice.parent?.subscription_details?.subscription, params.subscription),
    ['customer_account', 'due_date'],
  ),
];
