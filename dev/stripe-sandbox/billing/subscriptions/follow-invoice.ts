import { change, replace, type Context } from '../../state/context.ts';
import { subscriptionOf } from '../../objects/invoice.ts';
import { paymentsOf } from '../../objects/invoice-payment.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { withoutPause } from '../../objects/subscription.ts';
import { endSubscription, isOver } from './end-subscription.ts';
import { subscriptionFacts } from './subscription-facts.ts';

type Invoice = ObjectTypes['invoice'];
type Subscription = ObjectTypes['subscription'];

/** What became of an invoice; `given_up`: the last automatic attempt has failed. */
type InvoiceOutcome = 'paid' | 'payment_failed' | 'given_up' | 'voided' | 'uncollectible';

/**
 * Brings a subscription to the status that its latest invoice calls for:
 * `active` when it is paid, `past_due` when a renewal is not, and at last what
 * the account's settings say (`customer.subscription.updated` or `….deleted`).
 * Whether the customer is `delinquent` follows any invoice (`customer.updated`).
 */
export function followInvoice(context: Context, invoice: Invoice, outcome: InvoiceOutcome): void {
  const subscription = subscriptionOf(context, invoice);
  if (subscription && !isOver(subscription)) followSubscription(context, subscription, invoice, outcome);
  followCustomer(context, invoice, outcome);
}

function followSubscription(
  context: Context,
  subscription: Subscription,
  invoice: Invoice,
  outcome: InvoiceOutcome,
): void {
  if (outcome === 'given_up') return giveUp(context, subscription);
  if (subscription.latest_invoice !== invoice.id) return undefined;
  if (subscription.status === 'paused') return resumed(context, subscription, invoice, outcome);
  const status = statusAfter(context, subscription, outcome);
  const patch = { status, ...(outcome === 'paid' && keptMethod(context, subscription, invoice)) };
  change(context, subscription, patch, 'customer.subscription.updated');
  return undefined;
}

/** https://docs.stripe.com/billing/subscriptions/overview#subscription-statuses */
function statusAfter(
  context: Context,
  { status, trial_end }: Subscription,
  outcome: Exclude<InvoiceOutcome, 'given_up'>,
): Subscription['status'] {
  const isFirst = status === 'incomplete';
  if (outcome === 'payment_failed') return status === 'active' || status === 'trialing' ? 'past_due' : status;
  if (outcome === 'voided' && isFirst) return 'incomplete_expired';
  if (outcome === 'uncollectible' && isFirst) return status;
  const isTrial = trial_end !== null && trial_end > context.now();
  return isTrial || status === 'trialing' ? 'trialing' : 'active';
}

function giveUp(context: Context, subscription: Subscription): void {
  const { afterLastRetry } = context.store.settings;
  if (subscription.status === 'incomplete' || subscription.status === 'paused') return;
  if (afterLastRetry === 'cancel') endSubscription(context, subscription, { reason: 'payment_failed' });
  else change(context, subscription, { status: afterLastRetry }, 'customer.subscription.updated');
}

/** A paused subscription resumes when the invoice of its resumption is paid, and else stays paused. */
function resumed(
  context: Context,
  subscription: Subscription,
  invoice: Invoice,
  outcome: InvoiceOutcome,
): void {
  if (subscriptionFacts(context, subscription.id).resumedBy !== invoice.id) return;
  if (outcome !== 'paid' && outcome !== 'uncollectible') return;
  replace(context, subscription, { ...withoutPause(subscription), status: 'active' }, ...RESUMED);
}

/** How a resumption is told. */
export const RESUMED = ['customer.subscription.updated', 'customer.subscription.resumed'] as const;

/** With `save_default_payment_method: on_subscription`, what has paid pays the next time, too. */
function keptMethod(context: Context, subscription: Subscription, invoice: Invoice): Partial<Subscription> {
  if (subscription.payment_settings?.save_default_payment_method !== 'on_subscription') return {};
  const intent = paymentsOf(context, invoice.id).find(({ status }) => status === 'paid')?.payment
    .payment_intent;
  const method = intent ? context.store.get('payment_intent', intent)?.payment_method : null;
  return method ? { default_payment_method: method } : {};
}

/** https://docs.stripe.com/api/customers/object#customer_object-delinquent */
function followCustomer(context: Context, invoice: Invoice, outcome: InvoiceOutcome): void {
  const customer = invoice.customer === null ? undefined : context.store.get('customer', invoice.customer);
  if (!customer || outcome === 'voided') return;
  const hasFailed = outcome === 'payment_failed' || outcome === 'given_up';
  if (hasFailed && invoice.billing_reason === 'subscription_create') return;
  change(context, customer, { delinquent: hasFailed }, 'customer.updated');
}
