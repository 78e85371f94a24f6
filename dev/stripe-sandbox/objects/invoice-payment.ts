import type { Context } from '../state/context.ts';
import { newId } from '../state/ids.ts';
import type { ObjectTypes } from '../state/wire.ts';

type Invoice = ObjectTypes['invoice'];
type InvoicePayment = ObjectTypes['invoice_payment'];

/** The link between an open invoice and the payment intent that is to pay it in full. */
export function newInvoicePayment(context: Context, invoice: Invoice, paymentIntent: string): InvoicePayment {
  return {
    id: newId('inpay_1'),
    object: 'invoice_payment',
    amount_paid: null,
    amount_requested: invoice.amount_due,
    created: context.now(),
    currency: invoice.currency,
    invoice: invoice.id,
    is_default: true,
    livemode: false,
    payment: { payment_intent: paymentIntent, type: 'payment_intent' },
    status: 'open',
    status_transitions: { canceled_at: null, paid_at: null },
  };
}

/** All payments of one invoice, newest first. */
export function paymentsOf(context: Pick<Context, 'store'>, invoice: string): InvoicePayment[] {
  return context.store.all('invoice_payment').filter((payment) => payment.invoice === invoice);
}

/** The intent that an invoice got when it was finalized; undefined when there is nothing to charge. */
export function intentOf(
  context: Pick<Context, 'store'>,
  invoice: string,
): ObjectTypes['payment_intent'] | undefined {
  const id = paymentsOf(context, invoice).find((payment) => payment.is_default)?.payment.payment_intent;
  return id === undefined ? undefined : context.store.must('payment_intent', id);
}
