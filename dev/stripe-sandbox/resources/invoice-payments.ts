import { equals } from '../api/lists.ts';
import { list, retrieve, type Operation } from '../api/operations.ts';

const PATH = '/v1/invoice_payments';

export const invoicePayments: readonly Operation[] = [
  retrieve(PATH, 'invoice_payment'),
  list(
    PATH,
    'invoice_payment',
    'invoicePaymentList',
    (payment, params) =>
      equals(payment.invoice, params.invoice) &&
      equals(payment.status, params.status) &&
      equals(payment.payment.type, params.payment?.type) &&
      equals(payment.payment.payment_intent, params.payment?.payment_intent) &&
      equals(payment.payment.payment_record, params.payment?.payment_record),
  ),
];
