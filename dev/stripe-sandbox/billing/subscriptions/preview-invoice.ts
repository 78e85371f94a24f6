import { invalid, missing, noSuch, refuseUnsupported, StripeFailure } from '../../api/errors.ts';
import { named } from '../../api/operations.ts';
import type { Params } from '../../api/parameters.ts';
import { defined } from '../../api/values.ts';
import { change, type Context } from '../../state/context.ts';
import { imagined } from '../../state/imagined.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { cancelSubscription } from './cancel-subscription.ts';
import { periodEnd } from './billed-period.ts';
import { draftSubscription } from './create-subscription.ts';
import { isOver } from './end-subscription.ts';
import { discountIds } from '../discounts/redeem.ts';
import { draftResumption } from './resume-subscription.ts';
import { asPreview, upcomingInvoice } from './upcoming.ts';
import { draftUpdate } from './update-subscription.ts';
import { wantedChange } from './wanted-change.ts';
import { wantedSubscription } from './wanted-subscription.ts';
import { createInvoiceItem } from '../invoices/write-invoice-item.ts';

type PreviewParams = Params<'invoicePreview'>;
type Details = NonNullable<PreviewParams['subscription_details']>;
type Invoice = ObjectTypes['invoice'];
type Subscription = ObjectTypes['subscription'];

const UNSUPPORTED = [
  'automatic_tax',
  'customer_account',
  'customer_details',
  'issuer',
  'on_behalf_of',
  'schedule',
  'schedule_details',
];
const UNSUPPORTED_DETAILS = ['billing_schedules', 'default_tax_rates', 'pause', 'start_date'];

/**
 * The invoice that a change of a subscription, a new subscription or the next
 * renewal would make, found out by doing it in an imagined world. Throws 404
 * (`invoice_upcoming_none`) when no invoice is coming.
 * https://docs.stripe.com/api/invoices/create_preview
 */
export function previewInvoice(context: Context, params: PreviewParams): Invoice {
  refuseUnsupported(params, UNSUPPORTED);
  refuseUnsupported(params.subscription_details ?? {}, UNSUPPORTED_DETAILS);
  if (params.preview_mode === 'recurring') {
    throw invalid('The local Stripe sandbox only previews the next invoice.', 'preview_mode');
  }
  const world = imagined(context);
  const known = subscriptionConcerned(world, params);
  if (!known && !params.customer) throw missing('customer');
  const customer = known?.customer ?? params.customer ?? '';
  addItems(world, params, customer, known);
  const invoice = known ? ofKnown(world, known, params) : ofNew(world, params);
  if (!invoice) throw nothingComes(customer);
  return asPreview(invoice);
}

/** The one that is named, or the one of the customer's that is billed next; none for a new one. */
function subscriptionConcerned(context: Context, params: PreviewParams): Subscription | undefined {
  const { customer, subscription: id } = params;
  if (id !== undefined) {
    const subscription = named(context, 'subscription', id, 'subscription');
    if (customer === undefined || subscription.customer === customer) return subscription;
    throw noSuch('subscription', id, 'subscription');
  }
  if (customer === undefined) return undefined;
  named(context, 'customer', customer, 'customer');
  if (params.subscription_details?.items) return undefined;
  const [next] = context.store
    .all('subscription')
    .filter((one) => one.customer === customer && !isOver(one))
    .toSorted((a, b) => periodEnd(a) - periodEnd(b));
  if (!next) throw nothingComes(customer);
  return next;
}

function ofKnown(world: Context, known: Subscription, params: PreviewParams): Invoice | null {
  const details = params.subscription_details ?? {};
  const subscription = withDiscounts(world, known, params.discounts);
  if (isOver(subscription)) throw nothingComes(subscription.customer);
  if (details.cancel_now) return ofCancellation(world, subscription, details);
  if (details.resume_at === 'now') return draftResumption(world, subscription, {}).invoice;
  const changed = draftUpdate(world, subscription, wantedChange(world, subscription, updateOf(details)));
  return changed.invoice ?? upcomingInvoice(world, changed.subscription);
}

/** An update's parameters have the same names, but for the anchor's other types. */
function updateOf(details: Details): Params<'subscriptionUpdate'> {
  const { type } = details.billing_cycle_anchor ?? {};
  if (type === 'timestamp') {
    throw invalid(
      'The billing cycle anchor of an existing subscription can only be `now` or `unchanged`.',
      'subscription_details[billing_cycle_anchor]',
    );
  }
  return defined({
    billing_cycle_anchor: type && { type },
    cancel_at: details.cancel_at,
    cancel_at_period_end: details.cancel_at_period_end,
    items: details.items,
    metadata: details.metadata,
    proration_behavior: details.proration_behavior,
    proration_date: details.proration_date,
    trial_end: details.trial_end,
  });
}

function ofCancellation(world: Context, subscription: Subscription, details: Details): Invoice | null {
  const { latest_invoice } = cancelSubscription(world, subscription, {
    details: {},
    invoiceNow: true,
    prorate: details.proration_behavior !== 'none',
  });
  if (latest_invoice === null || latest_invoice === subscription.latest_invoice) return null;
  return world.store.must('invoice', latest_invoice);
}

function ofNew(world: Context, params: PreviewParams): Invoice | null {
  const details = params.subscription_details ?? {};
  const { billing_cycle_anchor: anchor, trial_end, proration_behavior, cancel_at } = details;
  if (anchor && anchor.type !== 'timestamp') {
    throw invalid(
      'The billing cycle anchor of a new subscription is a timestamp.',
      'subscription_details[billing_cycle_anchor]',
    );
  }
  const items = (details.items ?? []).map(({ price, price_data, quantity, discounts }) =>
    defined({ price, price_data, quantity, discounts }),
  );
  const wish = wantedSubscription(
    world,
    defined({
      billing_cycle_anchor: anchor?.timestamp,
      billing_mode: details.billing_mode,
      cancel_at: cancel_at || undefined,
      cancel_at_period_end: details.cancel_at_period_end,
      currency: params.currency,
      customer: params.customer,
      discounts: params.discounts,
      items,
      metadata: details.metadata,
      proration_behavior,
      trial_end,
    }),
  );
  return draftSubscription(world, wish, { kind: 'wait' }).invoice;
}

/** Other discounts than the subscription's own, in the preview only. */
function withDiscounts(
  world: Context,
  subscription: Subscription,
  discounts: PreviewParams['discounts'],
): Subscription {
  if (discounts === undefined) return subscription;
  const { customer, id, currency } = subscription;
  const target = { customer, subscription: id, currency };
  const redeemed = discountIds(world, discounts, target);
  return change(world, subscription, { discounts: redeemed });
}

function addItems(
  world: Context,
  params: PreviewParams,
  customer: string,
  subscription: Subscription | undefined,
): void {
  for (const item of params.invoice_items ?? []) {
    refuseUnsupported(item, ['invoiceitem', 'quantity_decimal', 'tax_behavior', 'tax_code', 'tax_rates']);
    const { price, unit_amount, invoiceitem: _refused, tax_rates: _neither, ...shared } = item;
    createInvoiceItem(
      world,
      defined({
        ...shared,
        customer,
        pricing: price === undefined ? undefined : { price },
        subscription: subscription?.id,
        unit_amount_decimal: item.unit_amount_decimal ?? unit_amount?.toString(),
      }),
    );
  }
}

function nothingComes(customer: string): StripeFailure {
  return new StripeFailure(404, {
    type: 'invalid_request_error',
    code: 'invoice_upcoming_none',
    message: `No upcoming invoices for customer: ${customer}`,
  });
}
