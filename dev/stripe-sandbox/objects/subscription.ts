import type Stripe from 'stripe';
import { wholeList } from '../api/lists.ts';
import type { Params } from '../api/parameters.ts';
import { mergeMetadata, textOrNull } from '../api/values.ts';
import type { Context } from '../state/context.ts';
import { newId } from '../state/ids.ts';
import { addIntervals } from '../state/period.ts';
import type { ObjectTypes, Wire } from '../state/wire.ts';

type Subscription = ObjectTypes['subscription'];
type Price = ObjectTypes['price'];
type Item = Wire<Stripe.SubscriptionItem>;

interface NewSubscription {
  readonly customer: string;
  readonly currency: string;
  readonly items: readonly { price: Price; quantity: number }[];
  readonly paymentMethod: string | null;
  readonly latestInvoice: string;
  readonly data: Params<'checkoutSessionCreate'>['subscription_data'];
}

/** An active subscription whose first period begins now. */
export function newSubscription(context: Context, wanted: NewSubscription): Subscription {
  const id = newId('sub_1');
  const now = context.now();
  return {
    id,
    object: 'subscription',
    ...NOTHING_SPECIAL,
    billing_cycle_anchor: now,
    billing_mode: { type: 'flexible', flexible: { proration_discounts: 'included' } },
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: null },
    collection_method: 'charge_automatically',
    created: now,
    currency: wanted.currency,
    customer: wanted.customer,
    default_payment_method: wanted.paymentMethod,
    description: textOrNull(wanted.data?.description),
    ended_at: null,
    items: wholeList(
      wanted.items.map(({ price, quantity }) => newItem(id, now, price, quantity)),
      `/v1/subscription_items?subscription=${id}`,
    ),
    latest_invoice: wanted.latestInvoice,
    livemode: false,
    metadata: mergeMetadata({}, wanted.data?.metadata),
    pause_collection: null,
    schedule: null,
    start_date: now,
    status: 'active',
    trial_end: null,
    trial_settings: {
      end_behavior: { billing_cycle_anchor: null, missing_payment_method: 'create_invoice' },
    },
    trial_start: null,
  };
}

/** Members for what this sandbox does not play: taxes, discounts, Connect, thresholds … */
const NOTHING_SPECIAL = {
  application: null,
  application_fee_percent: null,
  automatic_tax: { disabled_reason: null, enabled: false, liability: null },
  billing_cycle_anchor_config: null,
  billing_schedules: [],
  billing_thresholds: null,
  customer_account: null,
  days_until_due: null,
  default_source: null,
  default_tax_rates: [],
  discounts: [],
  invoice_settings: {
    account_tax_ids: null,
    custom_fields: null,
    description: null,
    footer: null,
    issuer: { type: 'self' },
  },
  managed_payments: { enabled: false },
  next_pending_invoice_item_invoice: null,
  on_behalf_of: null,
  payment_settings: {
    payment_method_options: null,
    payment_method_types: null,
    save_default_payment_method: 'off',
  },
  pending_invoice_item_interval: null,
  pending_setup_intent: null,
  pending_update: null,
  test_clock: null,
  transfer_data: null,
} satisfies Partial<Subscription>;

function newItem(subscription: string, now: number, price: Price, quantity: number): Item {
  const recurring = price.recurring;
  if (!recurring) throw new Error(`Price ${price.id} is not recurring.`);
  return {
    id: newId('si_'),
    object: 'subscription_item',
    billing_thresholds: null,
    created: now,
    current_period_end: addIntervals(now, recurring.interval, recurring.interval_count),
    current_period_start: now,
    current_trial: null,
    discounts: [],
    metadata: {},
    plan: planOf(price, recurring),
    price,
    quantity,
    subscription,
    tax_rates: [],
  };
}

/** The older face of a recurring price, which Stripe still shows on items. */
function planOf(price: Price, recurring: NonNullable<Price['recurring']>): Wire<Stripe.Plan> {
  return {
    id: price.id,
    object: 'plan',
    active: price.active,
    amount: price.unit_amount,
    amount_decimal: price.unit_amount_decimal,
    billing_scheme: price.billing_scheme,
    created: price.created,
    currency: price.currency,
    interval: recurring.interval,
    interval_count: recurring.interval_count,
    livemode: false,
    metadata: price.metadata,
    meter: recurring.meter,
    nickname: price.nickname,
    product: price.product,
    tiers_mode: null,
    transform_usage: null,
    trial_period_days: recurring.trial_period_days,
    usage_type: recurring.usage_type,
  };
}
