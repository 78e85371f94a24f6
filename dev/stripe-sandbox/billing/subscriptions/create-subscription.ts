import { newSubscription, newSubscriptionItem, itemList } from '../../objects/subscription.ts';
import type { LineDraft } from '../../objects/invoice-line.ts';
import { add, type Context } from '../../state/context.ts';
import { imagined } from '../../state/imagined.ts';
import { newId } from '../../state/ids.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { billedPeriod, type Period } from './billed-period.ts';
import { cancellation } from './cancellation.ts';
import type { DiscountTarget } from '../discounts/check-redemption.ts';
import { collectInvoice } from '../invoices/collect-invoice.ts';
import { subscriptionMethod } from '../invoices/default-method.ts';
import { finalizeInvoice } from '../invoices/finalize-invoice.ts';
import { pendingLines } from '../invoices/invoice-items.ts';
import { noMethod, paymentFailure } from '../invoices/payment-failure.ts';
import { checkRedeemable, discountIds, type DiscountParam } from '../discounts/redeem.ts';
import { settleInvoice } from '../invoices/settle-invoice.ts';
import { draftSubscriptionInvoice, useUpDiscounts, type Billed } from './subscription-invoice.ts';
import { rememberOfSubscription } from './subscription-facts.ts';
import { periodLine, priceLine } from './subscription-lines.ts';
import { tellTrialEnd } from './trial.ts';

type Invoice = ObjectTypes['invoice'];
type PaymentIntent = ObjectTypes['payment_intent'];
type Price = ObjectTypes['price'];
type Subscription = ObjectTypes['subscription'];

/** A subscription that somebody wants, its parameters checked. */
export interface SubscriptionWish {
  readonly customer: string;
  readonly currency: string;
  readonly items: readonly {
    readonly price: Price;
    readonly quantity: number;
    readonly metadata: Readonly<Record<string, string>>;
    readonly discounts: readonly DiscountParam[];
  }[];
  /** One-time prices that the first invoice bills, too. */
  readonly extras: readonly { readonly price: Price; readonly quantity: number }[];
  readonly discounts: readonly DiscountParam[];
  readonly defaultPaymentMethod: string | null;
  readonly collectionMethod: 'charge_automatically' | 'send_invoice';
  readonly daysUntilDue: number | null;
  /** Unix seconds; null: no trial. */
  readonly trialEnd: number | null;
  readonly missingPaymentMethod: 'cancel' | 'create_invoice' | 'pause';
  readonly cancelAt: number | null;
  /** The end of a shorter first period, in Unix seconds; otherwise cycles begin now, or after the trial. */
  readonly billingCycleAnchor?: number | null;
  /** Whether a shorter first period costs its part, or nothing. */
  readonly prorates?: boolean;
  readonly cancelAtPeriodEnd: boolean;
  readonly description: string | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly paymentSettings?: Subscription['payment_settings'];
  /** The schedule that manages the subscription. */
  readonly schedule?: string;
}

/**
 * How the first invoice is paid: by an intent that has succeeded in Checkout, or
 * by trying the default payment method, or later by somebody, or it stays a
 * draft for an hour as that of a renewal does.
 */
export type FirstPayment =
  | { readonly kind: 'paid'; readonly intent: PaymentIntent | null }
  | {
      readonly kind: 'collect';
      readonly behavior: 'allow_incomplete' | 'error_if_incomplete';
      readonly offSession?: boolean;
    }
  | { readonly kind: 'wait' }
  | { readonly kind: 'draft' };

/**
 * Starts a subscription with its first period or its trial, and its first
 * invoice. Throws 402 for `error_if_incomplete` before anything is kept.
 */
export function createSubscription(
  context: Context,
  wish: SubscriptionWish,
  payment: FirstPayment,
): Subscription {
  if (payment.kind === 'collect') rehearse(imagined(context), wish, payment);
  return start(context, wish, payment);
}

/** Stripe does not begin a subscription that nobody could pay, or nobody did pay who had to at once. */
function rehearse(world: Context, wish: SubscriptionWish, payment: FirstPayment & { kind: 'collect' }): void {
  const subscription = start(world, wish, payment);
  if (subscription.status !== 'incomplete') return;
  if (!subscriptionMethod(world, subscription)) throw noMethod();
  if (payment.behavior === 'error_if_incomplete')
    throw paymentFailure(world, subscription.latest_invoice ?? '');
}

function start(context: Context, wish: SubscriptionWish, payment: FirstPayment): Subscription {
  const { subscription, invoice } = draftSubscription(context, wish, payment);
  if (invoice) payFirstInvoice(context, invoice, payment);
  return useUpDiscounts(context, subscription.id);
}

/** Starts a subscription up to the draft that bills its first period; null when nothing bills it. */
export function draftSubscription(context: Context, wish: SubscriptionWish, payment: FirstPayment): Billed {
  const draft = subscriptionFor(context, wish, payment);
  const subscription = add(
    context,
    { ...draft, status: firstStatus(context, draft, wish, payment) },
    'customer.subscription.created',
  );
  if (wish.cancelAt !== null) {
    rememberOfSubscription(context, subscription.id, { prorateAtCancel: wish.prorates ?? true });
  }
  tellTrialEnd(context, subscription);
  return { subscription, invoice: draftFirstInvoice(context, subscription, wish, payment) };
}

/** The subscription that is wanted; its status is found out later. */
function subscriptionFor(context: Context, wish: SubscriptionWish, payment: FirstPayment): Subscription {
  const id = newId('sub_1');
  const now = context.now();
  const target: DiscountTarget = {
    customer: wish.customer,
    subscription: id,
    currency: wish.currency,
    isChecked: payment.kind === 'paid',
  };
  for (const [index, { discounts }] of wish.items.entries()) {
    checkRedeemable(context, discounts, target, `items[${index}][discounts]`);
  }
  const discounts = discountIds(context, wish.discounts, target);
  const anchor = wish.billingCycleAnchor ?? wish.trialEnd ?? now;
  const until = wish.prorates === false ? null : wish.cancelAt;
  const periodOf = (price: Price): Period =>
    wish.trialEnd === null
      ? billedPeriod(price, { anchor, start: now, until })
      : { start: now, end: wish.trialEnd };
  const items = wish.items.map((item, index) =>
    newSubscriptionItem(context, {
      subscription: id,
      price: item.price,
      quantity: item.quantity,
      metadata: item.metadata,
      discounts: discountIds(context, item.discounts, target, `items[${index}][discounts]`),
      period: periodOf(item.price),
    }),
  );
  const subscription = newSubscription(context, {
    id,
    billing_cycle_anchor: anchor,
    collection_method: wish.collectionMethod,
    currency: wish.currency,
    customer: wish.customer,
    days_until_due: wish.daysUntilDue,
    default_payment_method: wish.defaultPaymentMethod,
    description: wish.description,
    discounts,
    items: itemList(id, items),
    latest_invoice: billsFirstPeriod(wish) ? newId('in_1') : null,
    metadata: { ...wish.metadata },
    schedule: wish.schedule ?? null,
    status: 'incomplete',
    trial_end: wish.trialEnd,
    trial_settings: {
      end_behavior: { billing_cycle_anchor: null, missing_payment_method: wish.missingPaymentMethod },
    },
    trial_start: wish.trialEnd === null ? null : now,
    ...(wish.paymentSettings && { payment_settings: wish.paymentSettings }),
  });
  const ends = { at: wish.cancelAt, atPeriodEnd: wish.cancelAtPeriodEnd };
  return { ...subscription, ...cancellation(subscription, ends, now) };
}

/** A first period up to a later anchor that is not prorated costs nothing, and nothing is invoiced. */
function billsFirstPeriod(wish: SubscriptionWish): boolean {
  return !wish.billingCycleAnchor || wish.prorates !== false || wish.extras.length > 0;
}

function draftFirstInvoice(
  context: Context,
  subscription: Subscription,
  wish: SubscriptionWish,
  payment: FirstPayment,
): Invoice | null {
  if (subscription.latest_invoice === null) return null;
  const isFree = wish.billingCycleAnchor && wish.prorates === false;
  const { customer, currency } = subscription;
  // Checkout has told the buyer what is paid, and that was only the session's.
  const isPriced = payment.kind === 'paid';
  const lines: LineDraft[] = [
    ...(isPriced ? [] : pendingLines(context, customer, currency, (owner) => owner === null)),
    ...(isFree ? [] : subscription.items.data.map((item) => periodLine(context, subscription, item))),
    ...wish.extras.map(({ price, quantity }) => priceLine(context, price, quantity, subscription.metadata)),
  ];
  return draftSubscriptionInvoice(context, subscription, {
    id: subscription.latest_invoice,
    autoAdvance: waits(subscription, payment),
    billingReason: 'subscription_create',
    lines,
  });
}

/** Whether the first invoice stays a draft for an hour: what is sent does, too. */
function waits(subscription: Subscription, payment: FirstPayment): boolean {
  return payment.kind === 'draft' || subscription.collection_method === 'send_invoice';
}

/** `incomplete` until its first invoice is paid, unless that is nothing to wait for. */
function firstStatus(
  context: Context,
  draft: Subscription,
  wish: SubscriptionWish,
  payment: FirstPayment,
): Subscription['status'] {
  const world = imagined(context);
  world.store.put(draft);
  const due = draftFirstInvoice(world, draft, wish, payment)?.amount_due ?? 0;
  const isSure = payment.kind === 'paid' || waits(draft, payment) || due === 0;
  if (!isSure) return 'incomplete';
  return draft.trial_end === null ? 'active' : 'trialing';
}

function payFirstInvoice(context: Context, invoice: Invoice, payment: FirstPayment): void {
  if (invoice.auto_advance && invoice.automatically_finalizes_at !== null) return;
  const intent = payment.kind === 'paid' ? (payment.intent ?? undefined) : undefined;
  const open = finalizeInvoice(context, invoice, intent);
  if (open.status !== 'open') return;
  if (intent?.status === 'succeeded') settleInvoice(context, open, intent);
  else if (payment.kind === 'collect') {
    collectInvoice(context, open, { automatic: false, offSession: payment.offSession ?? false });
  }
}
