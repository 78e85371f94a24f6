import { expect } from 'vitest';
import type Stripe from 'stripe';
import { NEW_YEAR, payByCard, priceOf, sessionFor, typesOf } from './support.ts';

/** A customer; with `card`, one of Stripe's names for test cards, this card pays by default. */
export async function customerWith(
  stripe: Stripe,
  card?: string,
  params: Stripe.CustomerCreateParams = {},
): Promise<Stripe.Customer> {
  return stripe.customers.create({
    email: 'jenny@example.com',
    invoice_prefix: 'JENNY',
    ...(card !== undefined && {
      payment_method: card,
      invoice_settings: { default_payment_method: card },
    }),
    ...params,
  });
}

/** The same on a test clock that begins with the new year; `pass` lets seconds pass on it. */
export async function customerOnClock(
  stripe: Stripe,
  card?: string,
): Promise<{
  clock: Stripe.TestHelpers.TestClock;
  customer: Stripe.Customer;
  pass: (seconds: number) => Promise<void>;
}> {
  const clock = await stripe.testHelpers.testClocks.create({
    frozen_time: NEW_YEAR,
    name: 'A year of Jenny',
  });
  const customer = await customerWith(stripe, card, { test_clock: clock.id });
  let frozen_time = NEW_YEAR;
  const pass = async (seconds: number): Promise<void> => {
    frozen_time += seconds;
    await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time });
  };
  return { clock, customer, pass };
}

/** Makes a card the customer's default one. */
export async function payWith(stripe: Stripe, customer: string, card: string): Promise<Stripe.PaymentMethod> {
  const method = await stripe.paymentMethods.attach(card, { customer });
  await stripe.customers.update(customer, { invoice_settings: { default_payment_method: method.id } });
  return method;
}

/** A customer who has just subscribed on the pay page: for £24.90 a month, unless `price` says otherwise. */
export async function subscriber(
  stripe: Stripe,
  { price, name = 'Jenny Rosen' }: { price?: Stripe.Price; name?: string } = {},
): Promise<{ customer: Stripe.Customer; subscription: Stripe.Subscription }> {
  const customer = await stripe.customers.create({ email: 'jenny@example.com', name });
  const plan = price ?? (await priceOf(stripe, 2490, 'month'));
  await payByCard((await sessionFor(stripe, plan, { customer: customer.id })).url);
  const [subscription] = (await stripe.subscriptions.list({ customer: customer.id })).data;
  if (!subscription) throw new Error('There is no subscription.');
  return { customer, subscription };
}

/** A draft over one pending item of `amount` pence. */
export async function draftOf(
  stripe: Stripe,
  customer: string,
  amount = 2500,
  params: Stripe.InvoiceCreateParams = {},
): Promise<Stripe.Invoice> {
  await stripe.invoiceItems.create({ customer, amount, currency: 'gbp', description: 'Set-up' });
  return stripe.invoices.create({ customer, pending_invoice_items_behavior: 'include', ...params });
}

/** The same, finalized: nobody has tried to collect it. */
export async function openInvoiceOf(
  stripe: Stripe,
  customer: string,
  amount = 2500,
): Promise<Stripe.Invoice> {
  const { id } = await draftOf(stripe, customer, amount);
  return stripe.invoices.finalizeInvoice(id);
}

/** The types of the events that `work` makes, in order. */
export async function typesDuring(stripe: Stripe, work: () => Promise<unknown>): Promise<string[]> {
  const before = await typesOf(stripe);
  await work();
  return (await typesOf(stripe)).slice(before.length);
}

/** The one invoice payment of an invoice, with its intent. */
export async function onlyPaymentOf(stripe: Stripe, invoice: string): Promise<Stripe.InvoicePayment> {
  const { data } = await stripe.invoicePayments.list({ invoice, expand: ['data.payment.payment_intent'] });
  expect(data).toHaveLength(1);
  const [payment] = data;
  if (!payment) throw new Error('There is no payment.');
  return payment;
}

/** The events of a card that is charged, of one that is declined, and of the invoice that is paid. */
export const CHARGED = ['charge.succeeded', 'payment_intent.succeeded'];
export const DECLINED = ['charge.failed', 'payment_intent.payment_failed'];
export const PAID = ['invoice_payment.paid', 'invoice.updated', 'invoice.paid', 'invoice.payment_succeeded'];
