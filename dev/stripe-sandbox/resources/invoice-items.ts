import { equals, inRange, page } from '../api/lists.ts';
import { checkCustomer, operation, own, retrieve, type Operation } from '../api/operations.ts';
import { deleteItem } from '../billing/invoices/invoice-items.ts';
import {
  checkEditable,
  createInvoiceItem,
  updateInvoiceItem,
} from '../billing/invoices/write-invoice-item.ts';

const PATH = '/v1/invoiceitems';

export const invoiceItems: readonly Operation[] = [
  operation('POST', PATH, 'invoiceItemCreate', createInvoiceItem),
  retrieve(PATH, 'invoiceitem'),
  operation('POST', `${PATH}/:id`, 'invoiceItemUpdate', (context, params, id) =>
    updateInvoiceItem(context, own(context, 'invoiceitem', id), params),
  ),
  operation('DELETE', `${PATH}/:id`, 'nothing', (context, _params, id) => {
    const item = own(context, 'invoiceitem', id);
    checkEditable(context, item);
    return deleteItem(context, item);
  }),
  operation('GET', PATH, 'invoiceItemList', (context, params) => {
    checkCustomer(context, params.customer);
    return page(
      context.store.all('invoiceitem'),
      params,
      PATH,
      (item) =>
        equals(item.customer, params.customer) &&
        equals(item.customer_account, params.customer_account) &&
        equals(item.invoice, params.invoice) &&
        equals(item.invoice === null, params.pending) &&
        inRange(item.date, params.created),
    );
  }),
];
