import type Stripe from 'stripe';
import { wholeList, type Page } from '../api/lists.ts';
import { testClockOf } from '../state/clock.ts';
import type { Context } from '../state/context.ts';
import { planOf } from './plan.ts';
import { newId } from '../state/ids.ts';
import type { ObjectTypes, Wire } from '../state/wire.ts';

type Subscription = ObjectTypes['subscription'];
type Price = ObjectTypes['price'];
export type SubscriptionItem = Wire<Stripe.SubscriptionItem>;

/** What every subscription must be told, and what else is not as usual. */
type NewSubscription = Pick<Subscription, 'id' | 'customer' | 'currency' | 'items' | 'status'> &
  Partial<Subscription>;

/** A subscription that begins now and bills in the flexible mode. */
export function newSubscription(context: Context, { id, ...wanted }: NewSubscription): Subscription {
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
    days_until_due: null,
    default_payment_method: null,
    description: null,
    discounts: [],
    ended_at: null,
    latest_invoice: null,
    livemode: false,
    metadata: {},
    pause_collection: null,
    payment_settings: {
      payment_method_options: null,
      payment_method_types: null,
      save_default_payment_method: 'off',
    },
    schedule: null,
    start_date: now,
    test_clock: testClockOf(context.store, wanted.customer),
    trial_end: null,
    trial_settings: {
      end_behavior: { billing_cycle_anchor: null, missing_payment_method: 'create_invoice' },
    },
    trial_start: null,
    ...wanted,
  };
}

/** Members for what this sandbox does not play: taxes, Connect, thresholds … */
const NOTHING_SPECIAL = {
  application: null,
  application_fee_percent: null,
  automatic_tax: { disabled_reason: null, enabled: false, liability: null },
  billing_cycle_anchor_config: null,
  billing_schedules: [],
  billing_thresholds: null,
  customer_account: null,
  default_source: null,
  default_tax_rates: [],
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
  pending_invoice_item_interval: null,
  pending_setup_intent: null,
  pending_update: null,
  transfer_data: null,
} satisfies Partial<Subscription>;

interface NewItem {
  readonly subscription: string;
  readonly price: Price;
  readonly quantity: number;
  readonly metadata: Readonly<Record<string, string>>;
  /** Ids of the item's own discounts. */
  readonly discounts: readonly string[];
  readonly period: { readonly start: number; readonly end: number };
}

export function newSubscriptionItem(context: Context, wanted: NewItem): SubscriptionItem {
  return {
    id: newId('si_'),
    object: 'subscription_item',
    billing_thresholds: null,
    created: context.now(),
    current_period_end: wanted.period.end,
    current_period_start: wanted.period.start,
    current_trial: null,
    discounts: [...wanted.discounts],
    metadata: { ...wanted.metadata },
    ...priced(wanted.price),
    quantity: wanted.quantity,
    subscription: wanted.subscription,
    tax_rates: [],
  };
}

/** What an item shows of its price. */
export function priced(price: Price): Pick<SubscriptionItem, 'plan' | 'price'> {
  return { plan: planOf(price), price };
}

/** A subscription's items as it carries them. */
export function itemList(subscription: string, items: readonly SubscriptionItem[]): Page<SubscriptionItem> {
  return wholeList(items, `/v1/subscription_items?subscription=${subscription}`);
}

/** `status_details` are there only while a subscription is paused. */
export function withoutPause({
  status_details: _over,
  ...subscription
}: ObjectTypes['subscription']): ObjectTypes['subscription'] {
  return subscription;
}
