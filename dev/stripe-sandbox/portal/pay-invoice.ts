import { invalid } from '../api/errors.ts';
import { collectInvoice } from '../billing/invoices/collect-invoice.ts';
import { defaultMethod } from '../billing/invoices/default-method.ts';
import { paymentFailure } from '../billing/invoices/payment-failure.ts';
import { checkNotProcessing } from '../billing/invoices/settle-invoice.ts';
import { intentOf } from '../objects/invoice-payment.ts';
import { askBank } from './bank.ts';
import type { Result } from './result.ts';
import { invoicesOf, type Visit } from './visit.ts';

/** Pays the open invoice that `invoice` names with the saved card. Throws 402 when that is declined. */
export function payOpenInvoice(visit: Visit, fields: URLSearchParams): Result {
  const { context } = visit;
  const invoice = invoicesOf(visit).find((one) => one.id === fields.get('invoice'));
  if (invoice?.status !== 'open') throw invalid('There is no such invoice to pay.', 'invoice');
  checkNotProcessing(context, invoice);
  const method = defaultMethod(context, invoice);
  if (!method) throw invalid('Please save a card first.');
  const tried = collectInvoice(context, invoice, { method, automatic: false, offSession: false });
  const intent = intentOf(context, tried.id);
  if (intent?.status === 'requires_action') return askBank(visit, intent, 'paid');
  if (intent?.status === 'requires_payment_method') throw paymentFailure(context, tried.id);
  return { done: 'paid' };
}
