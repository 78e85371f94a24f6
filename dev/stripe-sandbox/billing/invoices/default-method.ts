import { subscriptionOf } from '../../objects/invoice.ts';
import type { Context } from '../../state/context.ts';
import type { ObjectTypes } from '../../state/wire.ts';

type Invoice = ObjectTypes['invoice'];
type PaymentMethod = ObjectTypes['payment_method'];
type Subscription = ObjectTypes['subscription'];

/**
 * The method that pays an invoice when nobody names one
 * (https://docs.stripe.com/billing/subscriptions/payment-methods-setting#payment-method-priority).
 */
export function defaultMethod(context: Context, invoice: Invoice): PaymentMethod | undefined {
  const { customer, default_payment_method, default_source } = invoice;
  const subscription = subscriptionOf(context, invoice);
  return (
    firstMethod(context, customer, [default_payment_method, default_source]) ??
    subscriptionMethod(context, { ...NO_METHOD, ...subscription, customer })
  );
}

const NO_METHOD = { default_payment_method: null, default_source: null };

/** The method that pays a subscription's invoices. */
export function subscriptionMethod(
  context: Context,
  payer: Pick<Subscription, 'default_payment_method' | 'default_source'> & Pick<Invoice, 'customer'>,
): PaymentMethod | undefined {
  const customer = payer.customer === null ? undefined : context.store.get('customer', payer.customer);
  return firstMethod(context, payer.customer, [
    payer.default_payment_method,
    payer.default_source,
    customer?.invoice_settings.default_payment_method,
    customer?.default_source,
  ]);
}

/** The first of these that is still the customer's. */
function firstMethod(
  context: Context,
  customer: string | null,
  ids: readonly (string | null | undefined)[],
): PaymentMethod | undefined {
  return ids
    .map((id) => (id ? context.store.get('payment_method', id) : undefined))
    .find((method) => method !== undefined && method.customer === customer);
}
