import { named } from '../../api/operations.ts';
import { methodTypes } from '../../banks/method-types.ts';
import { customerDetails } from '../../objects/invoice.ts';
import { newInvoicePayment } from '../../objects/invoice-payment.ts';
import { newPaymentIntent } from '../../objects/payment-intent.ts';
import { add, change, type Context } from '../../state/context.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { withTotals } from './invoice-totals.ts';
import { payNothing } from './settle-invoice.ts';

type Customer = ObjectTypes['customer'];
type Invoice = ObjectTypes['invoice'];
type PaymentIntent = ObjectTypes['payment_intent'];

/**
 * Gives a draft its number and opens it for payment, with a payment intent of
 * its own where something is to be charged (`payment_intent.created`,
 * `invoice.finalized`), or with `intent`, by which it is paid elsewhere. What
 * costs nothing is paid at once. The customer's balance is used up, or takes
 * what is not charged (`customer.updated`).
 * Throws 400 when the customer was deleted.
 * https://docs.stripe.com/invoicing/integration/workflow-transitions
 */
export function finalizeInvoice(context: Context, invoice: Invoice, intent?: PaymentIntent): Invoice {
  const customer = named(context, 'customer', invoice.customer ?? '', 'customer');
  const draft = context.store.must('invoice', invoice.id);
  const billed = withTotals(context, { ...draft, ...customerDetails(customer) });
  const due = intent ? intent.amount : billed.amount_due;
  const endingBalance = billed.starting_balance + billed.total - due;
  const number = draft.number ?? nextNumber(context, customer);
  if (endingBalance !== billed.starting_balance) {
    const latest = context.store.must('customer', customer.id);
    change(context, latest, { balance: endingBalance }, 'customer.updated');
  }
  const payable = { ...billed, amount_due: due, amount_remaining: due };
  if (due > 0) openPayment(context, payable, intent ?? intentFor(context, payable));
  const open = change(context, draft, {
    ...payable,
    ...opened(context, draft),
    ending_balance: endingBalance,
    number,
  });
  context.events.emit(context, 'invoice.finalized', open);
  return due > 0 ? open : payNothing(context, open);
}

/** What finalizing changes whatever is due: it has a page, and is now to be paid. */
function opened(context: Context, draft: Invoice): Partial<Invoice> {
  const now = context.now();
  return {
    automatically_finalizes_at: null,
    effective_at: draft.effective_at ?? now,
    ...hostedPages(context.url, draft.id),
    status: 'open',
    status_transitions: { ...draft.status_transitions, finalized_at: now },
  };
}

/** Where a customer sees and pays an invoice; `base` is where the sandbox is reached. */
export function hostedPages(
  base: string,
  invoice: string,
): { hosted_invoice_url: string; invoice_pdf: string } {
  const page = `${base}/i/${invoice}`;
  return { hosted_invoice_url: page, invoice_pdf: `${page}/pdf` };
}

/** `PREFIX-0001` of the customer's own sequence. */
function nextNumber(context: Context, customer: Customer): string {
  const sequence = customer.next_invoice_sequence ?? 1;
  change(context, customer, { next_invoice_sequence: sequence + 1 });
  return `${customer.invoice_prefix}-${String(sequence).padStart(4, '0')}`;
}

function openPayment(context: Context, invoice: Invoice, intent: PaymentIntent): void {
  add(context, newInvoicePayment(context, invoice, intent.id));
}

function intentFor(context: Context, invoice: Invoice): PaymentIntent {
  const isFirst = invoice.billing_reason === 'subscription_create';
  const intent = newPaymentIntent(context, {
    amount: invoice.amount_due,
    currency: invoice.currency,
    customer: invoice.customer,
    data: undefined,
    description: DESCRIPTIONS[invoice.billing_reason ?? 'manual'] ?? 'Subscription update',
    paymentMethodTypes: methodTypes(invoice.currency),
    setupFutureUsage: isFirst ? 'off_session' : null,
  });
  return add(context, intent, 'payment_intent.created');
}

/** What Stripe writes on the payments of invoices. */
const DESCRIPTIONS: Readonly<Record<string, string>> = {
  manual: 'Payment for Invoice',
  subscription_create: 'Subscription creation',
};
