import { STANDING_STILL } from '../../objects/invoice.ts';
import { invalid } from '../../api/errors.ts';
import { intentOf, paymentsOf } from '../../objects/invoice-payment.ts';
import { abandonIntent } from '../../payments/cancel-intent.ts';
import { change, type Context } from '../../state/context.ts';
import type { EventType, ObjectTypes } from '../../state/wire.ts';
import { followInvoice } from '../subscriptions/follow-invoice.ts';

type Invoice = ObjectTypes['invoice'];
type PaymentIntent = ObjectTypes['payment_intent'];

const PAID: readonly EventType[] = ['invoice.updated', 'invoice.paid', 'invoice.payment_succeeded'];

/**
 * Marks an open invoice as paid by an intent that has succeeded, in an attempt
 * to collect it or elsewhere, as in Checkout (`invoice_payment.paid`,
 * `invoice.updated`, `invoice.paid`, `invoice.payment_succeeded`). `automatic`
 * attempts count towards `attempt_count`, of others only the first.
 */
export function settleInvoice(
  context: Context,
  invoice: Invoice,
  intent: PaymentIntent,
  automatic = false,
): Invoice {
  const payment = paymentsOf(context, invoice.id).find((one) => one.payment.payment_intent === intent.id);
  if (!payment) throw new Error(`Invoice ${invoice.id} does not wait for ${intent.id}.`);
  const paidAt = context.now();
  change(
    context,
    payment,
    {
      amount_paid: intent.amount,
      status: 'paid',
      status_transitions: { ...payment.status_transitions, paid_at: paidAt },
    },
    'invoice_payment.paid',
  );
  return pay(context, invoice, { attempt_count: attemptsAfter(invoice, automatic) }, PAID);
}

/** An open invoice that there is nothing to pay for. */
export function payNothing(context: Context, invoice: Invoice): Invoice {
  return pay(context, invoice, {}, PAID);
}

/** Somebody has the money by another way than Stripe's: nothing is charged, `invoice.payment_succeeded` is not told. */
export function payOutOfBand(context: Context, invoice: Invoice): Invoice {
  cancelPayments(context, invoice, 'automatic');
  return pay(context, invoice, {}, ['invoice.updated', 'invoice.paid']);
}

/** Any attempt counts as the first; later only the automatic ones do. */
export function attemptsAfter(invoice: Invoice, automatic: boolean): number {
  return automatic || invoice.attempt_count === 0 ? invoice.attempt_count + 1 : invoice.attempt_count;
}

/** Stripe's 400 while a bank is still to answer a debit for this invoice. */
export function checkNotProcessing(context: Context, invoice: Invoice): void {
  if (!isProcessing(context, invoice.id)) return;
  throw invalid('This invoice already has a payment that is being processed.');
}

/** Whether a bank is still to answer a debit for this invoice. */
export function isProcessing(context: Pick<Context, 'store'>, invoice: string): boolean {
  return intentOf(context, invoice)?.status === 'processing';
}

/** No intent of this invoice is to be paid any more (`payment_intent.canceled`). */
export function cancelPayments(
  context: Context,
  invoice: Invoice,
  reason: NonNullable<PaymentIntent['cancellation_reason']>,
): void {
  for (const payment of paymentsOf(context, invoice.id)) {
    const id = payment.payment.payment_intent;
    if (payment.status !== 'open' || id === undefined) continue;
    abandonIntent(context, context.store.must('payment_intent', id), reason);
    const canceled = { ...payment.status_transitions, canceled_at: context.now() };
    change(context, payment, { status: 'canceled', status_transitions: canceled });
  }
}

function pay(
  context: Context,
  invoice: Invoice,
  patch: Partial<Invoice>,
  events: readonly EventType[],
): Invoice {
  const latest = context.store.must('invoice', invoice.id);
  const paid: Partial<Invoice> = {
    ...patch,
    ...STANDING_STILL,
    amount_paid: latest.amount_due,
    amount_remaining: 0,
    attempted: true,
    status: 'paid',
    status_transitions: { ...latest.status_transitions, paid_at: context.now() },
  };
  const settled = change(context, latest, paid, ...events);
  followInvoice(context, settled, 'paid');
  return settled;
}
