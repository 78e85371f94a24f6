import { invalid, refuseUnsupported } from '../../api/errors.ts';
import type { Params } from '../../api/parameters.ts';
import { intentOf } from '../../objects/invoice-payment.ts';
import { methodOfCustomer } from '../../payments/named-method.ts';
import type { Context } from '../../state/context.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { collectInvoice } from './collect-invoice.ts';
import { defaultMethod } from './default-method.ts';
import { finalizeInvoice } from './finalize-invoice.ts';
import { paymentFailure } from './payment-failure.ts';
import { checkNotProcessing, payOutOfBand } from './settle-invoice.ts';

type Invoice = ObjectTypes['invoice'];

/**
 * Somebody asks to collect an invoice now, a draft too. Throws 402 when the
 * payment fails, after the failure was kept and told, and 400 when there is
 * nothing to pay or nothing to pay with.
 */
export function payInvoice(context: Context, invoice: Invoice, params: Params<'invoicePay'>): Invoice {
  refuseUnsupported(params, ['forgive', 'mandate', 'source']);
  checkPayable(context, invoice);
  const chosen =
    params.payment_method === undefined
      ? undefined
      : methodOfCustomer(context, params.payment_method, invoice.customer ?? '', 'payment_method');
  const open = invoice.status === 'draft' ? finalizeInvoice(context, invoice) : invoice;
  if (open.status === 'paid') return open;
  if (params.paid_out_of_band) return payOutOfBand(context, open);
  const method = chosen ?? defaultMethod(context, open);
  const tried = collectInvoice(context, open, {
    ...(method && { method }),
    automatic: false,
    offSession: params.off_session ?? true,
  });
  if (!method) throw nothingToPayWith();
  // A debit that the bank takes its time for is no failure.
  const status = intentOf(context, tried.id)?.status;
  if (status === 'requires_action' || status === 'requires_payment_method') {
    throw paymentFailure(context, tried.id);
  }
  return tried;
}

function checkPayable(context: Context, invoice: Invoice): void {
  if (invoice.status === 'paid') throw invalid('Invoice is already paid');
  if (invoice.status === 'void') throw invalid('A void invoice can not be paid.');
  checkNotProcessing(context, invoice);
}

function nothingToPayWith(): Error {
  return invalid(
    'There is no `default_payment_method` set on this Customer or Invoice. Please set either a `default_payment_method` or a `default_source` on the Customer or Invoice.',
    undefined,
    'resource_missing',
  );
}
