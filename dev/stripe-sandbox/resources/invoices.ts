import { invalid } from '../api/errors.ts';
import { equals, inRange, page } from '../api/lists.ts';
import { list, operation, own, retrieve, type Operation } from '../api/operations.ts';
import { subscriptionIdOf } from '../objects/invoice.ts';
import { createInvoice } from '../billing/invoices/create-invoice.ts';
import { sendInvoice } from '../billing/invoices/due-invoices.ts';
import { markUncollectible, voidInvoice } from '../billing/invoices/end-invoice.ts';
import { finalizeInvoice } from '../billing/invoices/finalize-invoice.ts';
import { releaseItems } from '../billing/invoices/invoice-items.ts';
import { payInvoice } from '../billing/invoices/pay-invoice.ts';
import { updateInvoice } from '../billing/invoices/update-invoice.ts';
import { previewInvoice } from '../billing/subscriptions/preview-invoice.ts';
import type { Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';

const PATH = '/v1/invoices';
type Invoice = ObjectTypes['invoice'];

export const invoices: readonly Operation[] = [
  operation('POST', PATH, 'invoiceCreate', createInvoice),
  // Before `:id`, which would take this path for an id.
  operation('POST', `${PATH}/create_preview`, 'invoicePreview', previewInvoice),
  retrieve(PATH, 'invoice'),
  operation('POST', `${PATH}/:id`, 'invoiceUpdate', (context, params, id) =>
    updateInvoice(context, own(context, 'invoice', id), params),
  ),
  operation('DELETE', `${PATH}/:id`, 'nothing', (context, _params, id) => {
    const invoice = own(context, 'invoice', id);
    checkStatus(invoice, ['draft'], 'You can only delete draft invoices.');
    if (invoice.parent?.subscription_details) {
      throw invalid("You can't delete invoices created by subscriptions.");
    }
    releaseItems(context, invoice);
    context.events.emit(context, 'invoice.deleted', invoice);
    return context.store.delete(invoice);
  }),
  operation('POST', `${PATH}/:id/finalize`, 'invoiceFinalize', (context, { auto_advance }, id) => {
    const invoice = own(context, 'invoice', id);
    checkStatus(
      invoice,
      ['draft'],
      "This invoice is already finalized, you can't re-finalize a non-draft invoice.",
    );
    const draft = auto_advance === undefined ? invoice : updateInvoice(context, invoice, { auto_advance });
    return finalizeInvoice(context, draft);
  }),
  operation('POST', `${PATH}/:id/pay`, 'invoicePay', (context, params, id) =>
    payInvoice(context, own(context, 'invoice', id), params),
  ),
  operation('POST', `${PATH}/:id/send`, 'expandOnly', (context, _params, id) =>
    send(context, own(context, 'invoice', id)),
  ),
  operation('POST', `${PATH}/:id/void`, 'expandOnly', (context, _params, id) => {
    const invoice = own(context, 'invoice', id);
    checkStatus(invoice, ['open', 'uncollectible'], 'You can only void open or uncollectible invoices.');
    return voidInvoice(context, invoice);
  }),
  operation('POST', `${PATH}/:id/mark_uncollectible`, 'expandOnly', (context, _params, id) => {
    const invoice = own(context, 'invoice', id);
    checkStatus(invoice, ['open'], "You can only pass in open invoices. This invoice isn't open.");
    return markUncollectible(context, invoice);
  }),
  operation('GET', `${PATH}/:id/lines`, 'invoiceLineItemsList', (context, params, id) =>
    page(own(context, 'invoice', id).lines.data, params, `${PATH}/${id}/lines`),
  ),
  list(
    PATH,
    'invoice',
    'invoiceList',
    (invoice, params) =>
      equals(invoice.customer, params.customer) &&
      equals(invoice.customer_account, params.customer_account) &&
      equals(invoice.status, params.status) &&
      equals(invoice.collection_method, params.collection_method) &&
      (params.due_date === undefined || inRange(invoice.due_date ?? NaN, params.due_date)) &&
      equals(subscriptionIdOf(invoice), params.subscription),
  ),
];

function checkStatus(invoice: Invoice, allowed: readonly Invoice['status'][], message: string): void {
  if (!allowed.includes(invoice.status)) throw invalid(message);
}

function send(context: Context, invoice: Invoice): Invoice {
  if (invoice.collection_method !== 'send_invoice') {
    throw invalid("You can only manually send an invoice if its collection method is 'send_invoice'.");
  }
  checkStatus(invoice, ['draft', 'open', 'paid'], `An invoice that is ${invoice.status} can not be sent.`);
  return sendInvoice(context, invoice.status === 'draft' ? finalizeInvoice(context, invoice) : invoice);
}
