import { createSubscription, type SubscriptionWish } from '../billing/subscriptions/create-subscription.ts';
import { redeem } from '../billing/discounts/redeem.ts';
import { textOrNull, mergeMetadata } from '../api/values.ts';
import type { Buyer } from '../objects/payment-method.ts';
import { payIntent, type Attempt } from '../payments/pay-intent.ts';
import { setUp } from '../payments/setup-intents.ts';
import { change, type Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { billPayment } from './bill-payment.ts';
import { BUYERS_ADDRESS, customerOfBuyer } from './customer.ts';
import { detailsOf, remember, type Session } from './details.ts';
import { trialEndOf } from './trial.ts';

type Customer = ObjectTypes['customer'];
type PaymentIntent = ObjectTypes['payment_intent'];
type PaymentMethod = ObjectTypes['payment_method'];
type Subscription = ObjectTypes['subscription'];

export interface Completion {
  readonly session: Session;
  readonly buyer: Buyer;
  /** null when nobody asked for one */
  readonly method: PaymentMethod | null;
  /** null when there is nothing to pay */
  readonly payment: { readonly intent: PaymentIntent; readonly attempt: Attempt } | null;
  /** null when the payment method is not only saved */
  readonly setup: { readonly intent: ObjectTypes['setup_intent']; readonly attempt: Attempt } | null;
}

/**
 * What Stripe does when a session is going to be paid, or needs no payment: the
 * customer, the payment, then the subscription with its first invoice, and at
 * last the session itself, each with its events.
 */
export function completeCheckout(context: Context, completion: Completion): Session {
  const { session, buyer, method } = completion;
  const customer = customerOfBuyer(context, session, buyer);
  const intent = pay(context, completion, customer);
  const bought =
    session.mode === 'subscription' && customer
      ? subscribe(context, session, { customer, method, intent })
      : buyOnce(context, session, { customer, intent });
  const latest = context.store.must('checkout.session', session.id);
  const patch: Partial<Session> = {
    customer: customer?.id ?? null,
    customer_details: customerDetails(buyer, customer),
    payment_status: paymentStatus(intent),
    status: 'complete',
    url: null,
    ...bought,
  };
  return change(context, latest, patch, 'checkout.session.completed');
}

/** Pays what is due today, or only saves the payment method with the customer. */
function pay(
  context: Context,
  { method, payment, setup }: Completion,
  customer: Customer | null,
): PaymentIntent | null {
  const owner = { customer: customer?.id ?? null };
  if (setup && method) setUp(context, change(context, setup.intent, owner), method, setup.attempt);
  if (!payment || !method) return null;
  return payIntent(context, change(context, payment.intent, owner), method, payment.attempt);
}

function subscribe(
  context: Context,
  session: Session,
  by: { customer: Customer; method: PaymentMethod | null; intent: PaymentIntent | null },
): Partial<Session> {
  const { asked, discount, lineItems } = detailsOf(context, session);
  const data = asked.subscription_data;
  const items = lineItems.flatMap(({ price, quantity }) =>
    price ? [{ price, quantity: quantity ?? 1 }] : [],
  );
  const wish: SubscriptionWish = {
    customer: by.customer.id,
    currency: session.currency ?? '',
    items: items
      .filter(({ price }) => price.recurring !== null)
      .map((item) => ({ ...item, metadata: {}, discounts: [] })),
    extras: items.filter(({ price }) => price.recurring === null),
    discounts: discount ? [discount.given] : [],
    defaultPaymentMethod: by.method?.id ?? null,
    collectionMethod: 'charge_automatically',
    daysUntilDue: null,
    trialEnd: trialEndOf(context, asked),
    missingPaymentMethod: data?.trial_settings?.end_behavior.missing_payment_method ?? 'create_invoice',
    cancelAt: null,
    cancelAtPeriodEnd: false,
    description: textOrNull(data?.description),
    metadata: mergeMetadata({}, data?.metadata),
  };
  const subscription = createSubscription(context, wish, { kind: 'paid', intent: by.intent });
  keepRedeemed(context, session, discountOf(context, subscription));
  return { invoice: subscription.latest_invoice, subscription: subscription.id };
}

/** The discount of a new subscription: one for once is no longer among its discounts. */
function discountOf(context: Context, { id }: Subscription): ObjectTypes['discount'] | undefined {
  return context.store.all('discount').find(({ subscription }) => subscription === id);
}

function buyOnce(
  context: Context,
  session: Session,
  by: { customer: Customer | null; intent: PaymentIntent | null },
): Partial<Session> {
  const { discount } = detailsOf(context, session);
  const place = { customer: by.customer?.id ?? null, checkoutSession: session.id, isChecked: true };
  const [redeemed] = discount ? redeem(context, [discount.given], place, 'discounts') : [];
  keepRedeemed(context, session, redeemed);
  const isPaid = by.intent === null || by.intent.status === 'succeeded';
  return isPaid ? billPayment(context, session, by) : {};
}

function keepRedeemed(
  context: Context,
  session: Session,
  redeemed: ObjectTypes['discount'] | undefined,
): void {
  const { discount } = detailsOf(context, session);
  if (discount && redeemed) remember(context, session, { discount: { ...discount, discount: redeemed } });
}

function paymentStatus(intent: PaymentIntent | null): Session['payment_status'] {
  if (!intent) return 'no_payment_required';
  return intent.status === 'succeeded' ? 'paid' : 'unpaid';
}

function customerDetails(buyer: Buyer, customer: Customer | null): Session['customer_details'] {
  return {
    address: BUYERS_ADDRESS,
    business_name: null,
    email: buyer.email,
    individual_name: null,
    name: buyer.name,
    phone: null,
    tax_exempt: customer?.tax_exempt ?? 'none',
    tax_ids: [],
  };
}
