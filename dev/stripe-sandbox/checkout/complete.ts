import { draftInvoice } from '../billing/draft-invoice.ts';
import { finalizeInvoice } from '../billing/finalize-invoice.ts';
import { settleInvoice } from '../billing/settle-invoice.ts';
import { periodLine, priceLine } from '../billing/subscription-lines.ts';
import { add, change, type Context } from '../state/context.ts';
import { mergeMetadata, textOrNull } from '../api/values.ts';
import { newId } from '../state/ids.ts';
import { createCustomer } from '../objects/customer.ts';
import type { Buyer } from '../objects/payment-method.ts';
import { billedPeriod } from '../billing/billed-period.ts';
import { itemList, newSubscription, newSubscriptionItem } from '../objects/subscription.ts';
import { attachMethod } from '../payments/keep-method.ts';
import { payIntent, type Attempt } from '../payments/pay-intent.ts';
import type { ObjectTypes } from '../state/wire.ts';
import type { LineItem, Session } from './details.ts';

type Customer = ObjectTypes['customer'];
type Invoice = ObjectTypes['invoice'];
type PaymentIntent = ObjectTypes['payment_intent'];
type PaymentMethod = ObjectTypes['payment_method'];
type Price = ObjectTypes['price'];
type Subscription = ObjectTypes['subscription'];

export interface Completion {
  readonly session: Session;
  readonly buyer: Buyer;
  readonly method: PaymentMethod;
  /** null when there is nothing to pay */
  readonly payment: { readonly intent: PaymentIntent; readonly attempt: Attempt } | null;
}

/**
 * What Stripe does once a payment method was accepted: the customer, for a
 * subscription its first invoice, the charge, and at last the session itself,
 * each with its event.
 */
export function completeCheckout(context: Context, completion: Completion): Session {
  const { session, payment } = completion;
  const customer = customerOf(context, completion);
  const keeps = session.mode === 'subscription' || payment?.intent.setup_future_usage;
  const method =
    customer && keeps ? attachMethod(context, completion.method, customer.id) : completion.method;
  const bought =
    session.mode === 'subscription' && customer ? subscribe(context, completion, customer) : undefined;
  const charged =
    payment &&
    payIntent(
      context,
      change(context, payment.intent, { customer: customer?.id ?? null }),
      method,
      payment.attempt,
    );
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

function subscribe(
  context: Context,
  { session, method, payment }: Completion,
  customer: Customer,
): { subscription: Subscription; invoice: Invoice } {
  const details = context.store.facts('checkout.session', session.id);
  const items = (details?.lineItems ?? []).flatMap(soldItem);
  const invoiceId = newId('in_1');
  const id = newId('sub_1');
  const now = context.now();
  const subscription = newSubscription(context, {
    id,
    currency: session.currency ?? '',
    customer: customer.id,
    default_payment_method: method.id,
    description: textOrNull(details?.subscriptionData?.description),
    items: itemList(
      id,
      items
        .filter(({ price }) => price.type === 'recurring')
        .map(({ price, quantity }) =>
          newSubscriptionItem(context, {
            subscription: id,
            price,
            quantity,
            metadata: {},
            discounts: [],
            period: billedPeriod(price, { anchor: now, start: now, until: null }),
          }),
        ),
    ),
    latest_invoice: invoiceId,
    metadata: mergeMetadata({}, details?.subscriptionData?.metadata),
    status: 'active',
  });
  add(context, subscription, 'customer.subscription.created');
  const extras = items.filter(({ price }) => price.type === 'one_time');
  const draft = draftInvoice(context, {
    id: invoiceId,
    autoAdvance: false,
    billingReason: 'subscription_create',
    collectionMethod: 'charge_automatically',
    currency: subscription.currency,
    customer: customer.id,
    daysUntilDue: null,
    description: null,
    discounts: [],
    lines: [
      ...subscription.items.data.map((item) => periodLine(context, subscription, item)),
      ...extras.map(({ price, quantity }) => priceLine(context, price, quantity, subscription.metadata)),
    ],
    metadata: {},
    period: { start: now, end: now },
    subscription: subscription.id,
  });
  const intent = payment?.intent;
  const open = finalizeInvoice(context, draft, intent);
  return { subscription, invoice: intent ? settleInvoice(context, open, intent) : open };
}

function soldItem({ price, quantity }: LineItem): { price: Price; quantity: number }[] {
  return price ? [{ price, quantity: quantity ?? 1 }] : [];
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
