import { invalid, missing, onlyOneOf, refuseUnsupported } from '../../api/errors.ts';
import { named } from '../../api/operations.ts';
import type { Params } from '../../api/parameters.ts';
import { mergeMetadata, textOrNull } from '../../api/values.ts';
import { methodOfCustomer } from '../../payments/named-method.ts';
import type { Context } from '../../state/context.ts';
import { cycleEnd, DAY_SECONDS } from '../../state/period.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { recurrenceOf } from '../../objects/plan.ts';
import type { FirstPayment, SubscriptionWish } from './create-subscription.ts';
import { checkPricesTogether, wantedExtras, wantedPrice, wantedQuantity } from './wanted-items.ts';

type CreateParams = Params<'subscriptionCreate'>;
type ItemParams = NonNullable<CreateParams['items']>[number];
type Customer = ObjectTypes['customer'];
type Price = ObjectTypes['price'];
type Subscription = ObjectTypes['subscription'];

const UNSUPPORTED = [
  'application_fee_percent',
  'automatic_tax',
  'backdate_start_date',
  'billing_cycle_anchor_config',
  'billing_schedules',
  'billing_thresholds',
  'customer_account',
  'default_source',
  'default_tax_rates',
  'invoice_settings',
  'on_behalf_of',
  'pending_invoice_item_interval',
  'transfer_data',
];
const UNSUPPORTED_IN_ITEMS = ['billing_thresholds', 'current_trial', 'tax_rates'];

/** What the parameters of a new subscription ask for; throws Stripe's 400 for what cannot be. */
export function wantedSubscription(context: Context, params: CreateParams): SubscriptionWish {
  refuseUnsupported(params, UNSUPPORTED);
  checkBillingMode(params.billing_mode);
  if (params.customer === undefined) throw missing('customer');
  const customer = named(context, 'customer', params.customer, 'customer');
  const items = (params.items ?? []).map((item, index) => wantedItem(context, item, `items[${index}]`));
  const prices = items.map(({ price }) => price);
  const currency = currencyOf(customer, params.currency, prices);
  checkPricesTogether(prices, currency);
  const trialEnd = wantedTrialEnd(context, params, prices);
  const collectionMethod = params.collection_method ?? 'charge_automatically';
  return {
    customer: customer.id,
    currency,
    items,
    extras: wantedExtras(context, params.add_invoice_items),
    discounts: params.discounts || [],
    defaultPaymentMethod: wantedMethod(context, customer.id, params.default_payment_method),
    collectionMethod,
    daysUntilDue: wantedDays(collectionMethod, params.days_until_due),
    trialEnd,
    missingPaymentMethod: wantedTrialSettings(params.trial_settings) ?? 'create_invoice',
    ...wantedEnd(context, params),
    billingCycleAnchor: wantedAnchor(context, params.billing_cycle_anchor, prices, trialEnd),
    prorates: params.proration_behavior !== 'none',
    description: textOrNull(params.description),
    metadata: mergeMetadata({}, params.metadata),
    ...(params.payment_settings && { paymentSettings: wantedPaymentSettings(params.payment_settings) }),
  };
}

/** How the parameters want the first invoice to be paid. */
export function wantedPayment({ payment_behavior, off_session }: CreateParams): FirstPayment {
  if (payment_behavior === 'default_incomplete') return { kind: 'wait' };
  if (payment_behavior === 'pending_if_incomplete') {
    throw invalid(
      '`payment_behavior` cannot be `pending_if_incomplete` for a new subscription.',
      'payment_behavior',
    );
  }
  return {
    kind: 'collect',
    behavior: payment_behavior ?? 'allow_incomplete',
    offSession: off_session ?? false,
  };
}

/** The sandbox plays the mode of today only. */
function checkBillingMode(mode: CreateParams['billing_mode']): void {
  if (mode?.type === 'classic' || mode?.flexible?.proration_discounts === 'itemized') {
    throw invalid(
      'The local Stripe sandbox bills in the flexible mode only, with discounts included.',
      'billing_mode',
    );
  }
}

function wantedItem(context: Context, params: ItemParams, at: string): SubscriptionWish['items'][number] {
  refuseUnsupported(params, UNSUPPORTED_IN_ITEMS);
  const price = wantedPrice(context, params, 'recurring', at);
  if (!price) throw missing(`${at}[price]`);
  return {
    price,
    quantity: wantedQuantity(params.quantity, `${at}[quantity]`),
    metadata: mergeMetadata({}, params.metadata),
    discounts: params.discounts || [],
  };
}

/** A customer pays in one currency only (https://docs.stripe.com/billing/customer#currency). */
function currencyOf(customer: Customer, wanted: string | undefined, prices: readonly Price[]): string {
  const currency = wanted?.toLowerCase() ?? prices[0]?.currency ?? '';
  if (prices.length === 0 || !customer.currency || customer.currency === currency) return currency;
  throw invalid(
    `You cannot combine currencies on a single customer. This customer has an active subscription, subscription schedule, discount, quote, or invoice item with currency ${customer.currency}.`,
  );
}

/** A default payment method must be the customer's own. */
export function wantedMethod(context: Context, customer: string, id: string | undefined): string | null {
  if (id === undefined || id === '') return null;
  return methodOfCustomer(context, id, customer, 'default_payment_method').id;
}

export function wantedDays(
  collectionMethod: Subscription['collection_method'],
  days: number | undefined,
): number | null {
  if (collectionMethod === 'charge_automatically') {
    if (days === undefined) return null;
    throw invalid(
      'You can only specify `days_until_due` if `collection_method` is `send_invoice`.',
      'days_until_due',
    );
  }
  if (days === undefined) {
    throw invalid(
      'If `collection_method` is `send_invoice`, you must specify `days_until_due`.',
      'days_until_due',
    );
  }
  return days;
}

function wantedTrialEnd(context: Context, params: CreateParams, prices: readonly Price[]): number | null {
  const { trial_end: end, trial_period_days: days, trial_from_plan: isPlans } = params;
  if (end !== undefined && (days !== undefined || isPlans)) {
    throw onlyOneOf(['trial_end', 'trial_period_days'], 'trial_end');
  }
  if (end === 'now') return null;
  if (end !== undefined) return inFuture(context, end, 'trial_end');
  const ofPrice = isPlans ? (prices[0]?.recurring?.trial_period_days ?? 0) : 0;
  const length = days ?? ofPrice;
  if (length < 0 || length > 730) {
    throw invalid('Trial periods can be at most 730 days long.', 'trial_period_days');
  }
  return length === 0 ? null : context.now() + length * DAY_SECONDS;
}

/** What becomes of a trial that nobody can pay for. */
export function wantedTrialSettings(
  settings: CreateParams['trial_settings'],
): SubscriptionWish['missingPaymentMethod'] | undefined {
  if (settings?.end_behavior.billing_cycle_anchor === 'unchanged') {
    throw invalid(
      'The local Stripe sandbox begins a new billing cycle after each trial.',
      'trial_settings[end_behavior][billing_cycle_anchor]',
    );
  }
  return settings?.end_behavior.missing_payment_method;
}

function wantedEnd(
  context: Context,
  { cancel_at: at, cancel_at_period_end: atPeriodEnd = false }: CreateParams,
): Pick<SubscriptionWish, 'cancelAt' | 'cancelAtPeriodEnd'> {
  if (at !== undefined && atPeriodEnd) {
    throw onlyOneOf(['cancel_at', 'cancel_at_period_end'], 'cancel_at');
  }
  return { cancelAt: at === undefined ? null : wantedCancelAt(context, at), cancelAtPeriodEnd: atPeriodEnd };
}

export function wantedCancelAt(context: Context, at: number | string): number {
  if (typeof at === 'number') return inFuture(context, at, 'cancel_at');
  throw invalid(`The local Stripe sandbox does not implement \`cancel_at=${at}\`.`, 'cancel_at');
}

function wantedAnchor(
  context: Context,
  anchor: number | undefined,
  prices: readonly Price[],
  trialEnd: number | null,
): number | null {
  if (anchor === undefined) return null;
  if (trialEnd !== null) {
    throw invalid(
      'The local Stripe sandbox does not implement a `billing_cycle_anchor` after a trial.',
      'billing_cycle_anchor',
    );
  }
  const now = context.now();
  const natural = Math.min(...prices.map((price) => cycleEnd(now, recurrenceOf(price), now)));
  if (anchor > natural) {
    throw invalid(
      `billing_cycle_anchor cannot be later than next natural billing date (${natural}) for plan`,
      'billing_cycle_anchor',
    );
  }
  return inFuture(context, anchor, 'billing_cycle_anchor');
}

export function inFuture(context: Context, instant: number, param: string): number {
  if (instant > context.now()) return instant;
  throw invalid('Invalid timestamp: must be an integer Unix timestamp in the future.', param);
}

export function wantedPaymentSettings(
  settings: NonNullable<CreateParams['payment_settings']>,
): NonNullable<Subscription['payment_settings']> {
  refuseUnsupported(settings, ['payment_method_options']);
  return {
    payment_method_options: null,
    payment_method_types: settings.payment_method_types || null,
    save_default_payment_method: settings.save_default_payment_method ?? 'off',
  };
}
