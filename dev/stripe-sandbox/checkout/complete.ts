import { add, change, type Context } from '../state/context.ts';
import { newId } from '../state/ids.ts';
import { newCharge } from '../objects/charge.ts';
import { createCustomer } from '../objects/customer.ts';
import { newInvoicePayment } from '../objects/invoice-payment.ts';
import { finalized, newInvoice, paid } from '../objects/invoice.ts';
import type { Buyer } from '../objects/payment-method.ts';
import { newSubscription } from '../objects/subscription.ts';
import type { ObjectTypes } from '../state/wire.ts';
import type { LineItem, Session } from './details.ts';

type Customer = ObjectTypes['customer'];
type Invoice = ObjectTypes['invoice'];
type PaymentIntent = ObjectTypes['payment_intent'];
type PaymentMethod = ObjectTypes['payment_method'];
type Price = ObjectTypes['price'];
type Subscription = ObjectTypes['subscription'];

interface Completion {
  readonly session: Session;
  readonly buyer: Buyer;
  readonly method: PaymentMethod;
  /** null when there is nothing to pay */
  readonly intent: PaymentIntent | null;
}

/**
 * What Stripe does once a payment method was accepted: the customer, for a
 * subscription its first invoice, the charge, and at last the session itself,
 * each with its event.
 */
export function completeCheckout(context: Context, completion: Completion): Session {
  const { session, intent } = completion;
  const customer = customerOf(context, completion);
  const keeps = session.mode === 'subscription' || intent?.setup_future_usage;
  const method = customer && keeps ? attach(context, completion.method, customer) : completion.method;
  const bought =
    session.mode === 'subscription' && customer ? subscribe(context, completion, customer) : undefined;
  const charged = intent && charge(context, intent, method, customer);
  const latest = context.store.must('checkout.session', session.id);
  const complete = change(context, latest, {
    customer: customer?.id ?? null,
    customer_details: detailsOf(completion.buyer, customer),
    payment_status: paymentStatus(charged),
    status: 'complete',
    url: null,
    ...(bought && { subscription: bought.subscription.id, invoice: bought.invoice.id }),
  });
  context.events.emit(context, 'checkout.session.completed', complete);
  return complete;
}

function customerOf(context: Context, { session, buyer }: Completion): Customer | null {
  // A customer deleted since then is no customer: Stripe would start a new one, too.
  const known = session.customer === null ? undefined : context.store.get('customer', session.customer);
  if (known) return known;
  if (session.mode === 'payment' && session.customer_creation !== 'always') return null;
  return createCustomer(context, {
    ...(buyer.email !== null && { email: buyer.email }),
    ...(buyer.name !== null && { name: buyer.name }),
  });
}

/** The customer keeps the payment method, for renewals. */
function attach(context: Context, method: PaymentMethod, customer: Customer): PaymentMethod {
  const attached = change(context, method, { customer: customer.id });
  context.events.emit(context, 'payment_method.attached', attached);
  return attached;
}

function subscribe(
  context: Context,
  { session, method, intent }: Completion,
  customer: Customer,
): { subscription: Subscription; invoice: Invoice } {
  const details = context.store.facts('checkout.session', session.id);
  const items = (details?.lineItems ?? []).flatMap(soldItem);
  const invoiceId = newId('in_1');
  const subscription = newSubscription(context, {
    currency: session.currency ?? '',
    customer: customer.id,
    data: details?.subscriptionData,
    items: items.filter(({ price }) => price.type === 'recurring'),
    latestInvoice: invoiceId,
    paymentMethod: method.id,
  });
  add(context, subscription, 'customer.subscription.created');
  const draft = newInvoice(context, {
    id: invoiceId,
    billingReason: 'subscription_create',
    customer,
    extras: items.filter(({ price }) => price.type === 'one_time'),
    subscription,
  });
  return { subscription, invoice: collect(context, draft, customer, intent) };
}

function soldItem({ price, quantity }: LineItem): { price: Price; quantity: number }[] {
  return price ? [{ price, quantity: quantity ?? 1 }] : [];
}

/** Takes a draft invoice through finalization to paid. */
function collect(
  context: Context,
  draft: Invoice,
  customer: Customer,
  intent: PaymentIntent | null,
): Invoice {
  add(context, draft, 'invoice.created');
  const sequence = customer.next_invoice_sequence ?? 1;
  const number = `${customer.invoice_prefix}-${String(sequence).padStart(4, '0')}`;
  change(
    context,
    customer,
    { currency: draft.currency, next_invoice_sequence: sequence + 1 },
    ...(customer.currency === null ? (['customer.updated'] as const) : []),
  );
  const open = change(context, draft, finalized(context, draft, number));
  context.events.emit(context, 'invoice.finalized', open);
  if (intent) add(context, newInvoicePayment(context, open, intent.id), 'invoice_payment.paid');
  const settled = change(context, open, paid(context, open), 'invoice.updated');
  context.events.emit(context, 'invoice.paid', settled);
  context.events.emit(context, 'invoice.payment_succeeded', settled);
  return settled;
}

/** Moves the money of a card; a bank debit only begins to. */
function charge(
  context: Context,
  intent: PaymentIntent,
  method: PaymentMethod,
  customer: Customer | null,
): PaymentIntent {
  const isDebit = method.type === 'bacs_debit';
  const owned = change(context, intent, { customer: customer?.id ?? null, payment_method: method.id });
  const attempt = newCharge(context, owned, method, { status: isDebit ? 'pending' : 'succeeded' });
  add(context, attempt, isDebit ? 'charge.pending' : 'charge.succeeded');
  const moved = change(context, owned, {
    amount_received: isDebit ? 0 : owned.amount,
    last_payment_error: null,
    latest_charge: attempt.id,
    next_action: null,
    status: isDebit ? 'processing' : 'succeeded',
  });
  context.events.emit(context, isDebit ? 'payment_intent.processing' : 'payment_intent.succeeded', moved);
  return moved;
}

function paymentStatus(intent: PaymentIntent | null): Session['payment_status'] {
  if (!intent) return 'no_payment_required';
  return intent.status === 'succeeded' ? 'paid' : 'unpaid';
}

function detailsOf(buyer: Buyer, customer: Customer | null): Session['customer_details'] {
  return {
    address: { city: null, country: 'GB', line1: null, line2: null, postal_code: null, state: null },
    business_name: null,
    email: buyer.email,
    individual_name: null,
    name: buyer.name,
    phone: null,
    tax_exempt: customer?.tax_exempt ?? 'none',
    tax_ids: [],
  };
}
