import type { Context } from '../state/context.ts';
import { newId } from '../state/ids.ts';
import type { ObjectTypes } from '../state/wire.ts';

type Invoice = ObjectTypes['invoice'];
type InvoicePayment = ObjectTypes['invoice_payment'];

/** The link between an invoice and the payment intent that paid it in full. */
export function newInvoicePayment(context: Context, invoice: Invoice, paymentIntent: string): InvoicePayment {
  const now = context.now();
  return {
    id: newId('inpay_1'),
    object: 'invoice_payment',
    amount_paid: invoice.amount_due,
    amount_requested: invoice.amount_due,
    created: now,
    currency: invoice.currency,
    invoice: invoice.id,
    is_default: true,
    livemode: false,
    payment: { payment_intent: paymentIntent, type: 'payment_intent' },
    status: 'paid',
    status_transitions: { canceled_at: null, paid_at: now },
  };
}

/** All payments of one invoice, newest first. */
export function paymentsOf(context: Context, invoice: string): InvoicePayment[] {
  return context.store.all('invoice_payment').filter((payment) => payment.invoice === invoice);
}
