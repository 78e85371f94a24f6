import { invalid, onlyOneOf, refuseUnsupported } from '../../api/errors.ts';
import type { Params } from '../../api/parameters.ts';
import { defined, mergeMetadata, updatedText } from '../../api/values.ts';
import type { Context } from '../../state/context.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import type { ItemChange } from './changed-items.ts';
import { NO_DETAILS } from './cancellation.ts';
import type { SubscriptionChange } from './update-subscription.ts';
import { wantedExtras, wantedPrice, wantedQuantity } from './wanted-items.ts';
import {
  inFuture,
  wantedCancelAt,
  wantedDays,
  wantedMethod,
  wantedPaymentSettings,
  wantedTrialSettings,
} from './wanted-subscription.ts';

type UpdateParams = Params<'subscriptionUpdate'>;
type ItemParams = NonNullable<UpdateParams['items']>[number];
type Subscription = ObjectTypes['subscription'];

const UNSUPPORTED = [
  'application_fee_percent',
  'automatic_tax',
  'billing_schedules',
  'billing_thresholds',
  'default_source',
  'default_tax_rates',
  'invoice_settings',
  'on_behalf_of',
  'pending_invoice_item_interval',
  'transfer_data',
  'trial_from_plan',
];

/** What the parameters of an update ask for; throws Stripe's 400 for what cannot be. */
export function wantedChange(
  context: Context,
  subscription: Subscription,
  params: UpdateParams,
): SubscriptionChange {
  refuseUnsupported(params, UNSUPPORTED);
  checkManaged(subscription, params);
  return defined({
    ...wantedPayment(params),
    discounts: wantedDiscounts(params.discounts),
    end: wantedEnd(context, params),
    extras: params.add_invoice_items && wantedExtras(context, params.add_invoice_items),
    items: params.items && wantedItems(context, subscription, params.items),
    members: wantedMembers(context, subscription, params),
    prorationBehavior: params.proration_behavior,
    prorationDate: params.proration_date,
    resetsAnchor: params.billing_cycle_anchor?.type === 'now',
    trialEnd: wantedTrialEnd(context, params.trial_end),
  });
}

type PaymentParams = Pick<UpdateParams, 'off_session' | 'payment_behavior'>;

/** How an update wants its invoice to be paid. */
function wantedPayment({
  off_session: offSession,
  payment_behavior: paymentBehavior,
}: PaymentParams): Pick<SubscriptionChange, 'offSession' | 'paymentBehavior'> {
  if (paymentBehavior === 'pending_if_incomplete') {
    throw invalid('The local Stripe sandbox does not implement pending updates.', 'payment_behavior');
  }
  return defined({ offSession, paymentBehavior });
}

function wantedTrialEnd(context: Context, end: number | 'now' | undefined): SubscriptionChange['trialEnd'] {
  return typeof end === 'number' ? inFuture(context, end, 'trial_end') : end;
}

/** An empty list leaves the discounts as they are, an empty string removes them. */
function wantedDiscounts(discounts: UpdateParams['discounts']): SubscriptionChange['discounts'] {
  if (discounts === '' || discounts === null) return [];
  return discounts?.length === 0 ? undefined : discounts;
}

/** When a scheduled subscription ends is for its schedule to say. */
function checkManaged({ schedule }: Subscription, { cancel_at, cancel_at_period_end }: UpdateParams): void {
  if (schedule === null || (cancel_at === undefined && cancel_at_period_end === undefined)) return;
  throw invalid(
    `The subscription is managed by the subscription schedule \`${schedule}\`, and updating any cancelation behavior directly is not allowed. Please update the schedule instead.`,
    cancel_at === undefined ? 'cancel_at_period_end' : 'cancel_at',
  );
}

type EndParams = Pick<UpdateParams, 'cancel_at' | 'cancel_at_period_end'>;

/** When the subscription is to end; undefined when that is not touched. */
function wantedEnd(
  context: Context,
  { cancel_at: at, cancel_at_period_end: atPeriodEnd }: EndParams,
): SubscriptionChange['end'] {
  if (at && atPeriodEnd) {
    throw onlyOneOf(['cancel_at', 'cancel_at_period_end'], 'cancel_at');
  }
  if (at === undefined && atPeriodEnd === undefined) return undefined;
  return { at: at ? wantedCancelAt(context, at) : null, atPeriodEnd: atPeriodEnd ?? false };
}

/** What is to become of the items; those without an id are new ones. */
function wantedItems(
  context: Context,
  subscription: Subscription,
  items: readonly ItemParams[],
): ItemChange[] {
  return items.map((params, index) => wantedItem(context, subscription, params, `items[${index}]`));
}

function wantedItem(
  context: Context,
  subscription: Subscription,
  params: ItemParams,
  at: string,
): ItemChange {
  refuseUnsupported(params, ['billing_thresholds', 'clear_usage', 'current_trial', 'tax_rates']);
  const current = subscription.items.data.find(({ id }) => id === params.id);
  return defined({
    deleted: params.deleted,
    discounts: wantedDiscounts(params.discounts),
    id: params.id,
    metadata:
      params.metadata === undefined ? undefined : mergeMetadata(current?.metadata ?? {}, params.metadata),
    price: wantedPrice(context, params, 'recurring', at),
    quantity: params.quantity === undefined ? undefined : wantedQuantity(params.quantity, `${at}[quantity]`),
  });
}

function wantedMembers(
  context: Context,
  subscription: Subscription,
  params: UpdateParams,
): Partial<Subscription> {
  const method = params.collection_method ?? subscription.collection_method;
  const isOtherWay = params.collection_method !== undefined || params.days_until_due !== undefined;
  const endBehavior = wantedTrialSettings(params.trial_settings);
  return defined({
    cancellation_details:
      params.cancellation_details && changedDetails(subscription, params.cancellation_details),
    collection_method: params.collection_method,
    days_until_due: isOtherWay
      ? wantedDays(method, params.days_until_due ?? daysBefore(subscription, method))
      : undefined,
    default_payment_method:
      params.default_payment_method === undefined
        ? undefined
        : wantedMethod(context, subscription.customer, params.default_payment_method),
    description: updatedText(params.description, undefined),
    metadata:
      params.metadata === undefined ? undefined : mergeMetadata(subscription.metadata, params.metadata),
    pause_collection: wantedPause(context, params.pause_collection),
    payment_settings: params.payment_settings && wantedPaymentSettings(params.payment_settings),
    trial_settings: endBehavior && {
      end_behavior: { billing_cycle_anchor: null, missing_payment_method: endBehavior },
    },
  });
}

function daysBefore(
  subscription: Subscription,
  method: Subscription['collection_method'],
): number | undefined {
  return method === 'send_invoice' ? (subscription.days_until_due ?? undefined) : undefined;
}

type DetailsParams = NonNullable<UpdateParams['cancellation_details']>;

/** What the customer has said about the end. */
export function changedDetails(
  { cancellation_details: before }: Subscription,
  { comment, feedback, feedback_option }: DetailsParams,
): NonNullable<Subscription['cancellation_details']> {
  return {
    ...NO_DETAILS,
    ...before,
    ...defined({
      comment: updatedText(comment, undefined),
      feedback: feedback === undefined ? undefined : feedback || null,
      feedback_option,
    }),
  };
}

function wantedPause(
  context: Context,
  pause: UpdateParams['pause_collection'],
): Subscription['pause_collection'] | undefined {
  if (pause === undefined) return undefined;
  if (pause === '' || pause === null) return null;
  const { behavior, resumes_at } = pause;
  return {
    behavior,
    resumes_at:
      resumes_at === undefined ? null : inFuture(context, resumes_at, 'pause_collection[resumes_at]'),
  };
}
