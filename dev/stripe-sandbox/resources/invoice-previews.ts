import { operation, type Operation } from '../api/operations.ts';
import { previewInvoice } from '../billing/subscriptions/preview-invoice.ts';

/** Before `/v1/invoices/:id`, which would take this path for an id. */
export const invoicePreviews: readonly Operation[] = [
  operation('POST', '/v1/invoices/create_preview', 'invoicePreview', previewInvoice),
];
