import type Stripe from 'stripe';
import { equals, inRange } from '../api/lists.ts';
import { list, operation, own, retrieve, type Operation } from '../api/operations.ts';
import { noSuch, StripeFailure } from '../api/errors.ts';
import { defined } from '../api/values.ts';
import { pauseOnRequest } from '../billing/subscriptions/pause-subscription.ts';
import { resumeSubscription } from '../billing/subscriptions/resume-subscription.ts';
import { cancelSubscription } from '../billing/subscriptions/cancel-subscription.ts';
import { createSubscription } from '../billing/subscriptions/create-subscription.ts';
import { isOver } from '../billing/subscriptions/end-subscription.ts';
import { updateSubscription } from '../billing/subscriptions/update-subscription.ts';
import { changedDetails, wantedChange } from '../billing/subscriptions/wanted-change.ts';
import { change, type Context } from '../state/context.ts';
import { wantedPayment, wantedSubscription } from '../billing/subscriptions/wanted-subscription.ts';
import type { Params } from '../api/parameters.ts';
import type { ObjectTypes, Wire } from '../state/wire.ts';

const PATH = '/v1/subscriptions';
type Subscription = ObjectTypes['subscription'];
type Item = Wire<Stripe.SubscriptionItem>;

export const subscriptions: readonly Operation[] = [
  operation('POST', PATH, 'subscriptionCreate', (context, params) =>
    createSubscription(context, wantedSubscription(context, params), wantedPayment(params)),
  ),
  retrieve(PATH, 'subscription'),
  operation('POST', `${PATH}/:id`, 'subscriptionUpdate', (context, params, id) => {
    const subscription = own(context, 'subscription', id);
    return updateSubscription(context, subscription, wantedChange(context, subscription, params));
  }),
  operation('DELETE', `${PATH}/:id`, 'subscriptionCancel', (context, params, id) => {
    const subscription = own(context, 'subscription', id);
    if (isOver(subscription)) throw noSuch('subscription', id, 'id', 404);
    const { cancellation_details: details, invoice_now, prorate } = params;
    return cancelSubscription(context, subscription, {
      details: {
        ...(details && changedDetails(subscription, details)),
        reason: 'cancellation_requested',
      },
      invoiceNow: invoice_now ?? false,
      prorate: prorate ?? false,
    });
  }),
  operation('POST', `${PATH}/:id/pause`, 'subscriptionPause', (context, params, id) =>
    pauseOnRequest(context, own(context, 'subscription', id), params),
  ),
  operation('POST', `${PATH}/:id/resume`, 'subscriptionResume', (context, params, id) =>
    resumeSubscription(
      context,
      own(context, 'subscription', id),
      defined({
        keepsAnchor: params.billing_cycle_anchor?.type === 'unchanged',
        onPayment: params.payment_behavior === 'resume_on_payment_success',
        prorationBehavior: params.proration_behavior,
        prorationDate: params.proration_date,
      }),
    ),
  ),
  operation('DELETE', `${PATH}/:id/discount`, 'nothing', (context, _params, id) =>
    removeDiscount(context, own(context, 'subscription', id)),
  ),
  list(PATH, 'subscription', 'subscriptionList', (subscription, params) => {
    const has = (test: (item: Item) => boolean): boolean => subscription.items.data.some(test);
    const { current_period_start: start, current_period_end: end, plan, price } = params;
    return (
      equals(subscription.customer, params.customer) &&
      equals(subscription.customer_account, params.customer_account) &&
      equals(subscription.automatic_tax.enabled, params.automatic_tax?.enabled) &&
      isOnClock(subscription, params) &&
      equals(subscription.collection_method, params.collection_method) &&
      hasStatus(subscription, params.status) &&
      has((item) => inRange(item.current_period_start, start) && inRange(item.current_period_end, end)) &&
      has((item) => equals(item.price.id, price) && equals(item.plan.id, plan))
    );
  }),
];

/** Those on a test clock are left out unless the clock or the customer is asked for. */
function isOnClock({ test_clock }: Subscription, params: Params<'subscriptionList'>): boolean {
  if (params.test_clock === undefined && params.customer !== undefined) return true;
  return test_clock === (params.test_clock ?? null);
}

/** Without a filter Stripe leaves out the canceled ones; `ended` is every kind of end. */
function hasStatus(subscription: Subscription, filter: Params<'subscriptionList'>['status']): boolean {
  const { status } = subscription;
  if (filter === 'all') return true;
  if (filter === undefined) return status !== 'canceled';
  if (filter === 'ended') return status === 'canceled' || status === 'incomplete_expired';
  return status === filter;
}

/** Takes the last discount from a subscription (`customer.discount.deleted`). */
function removeDiscount(context: Context, subscription: Subscription): object {
  const id = subscription.discounts.at(-1);
  const discount = id === undefined ? undefined : context.store.get('discount', id);
  if (!discount) {
    throw new StripeFailure(404, {
      type: 'invalid_request_error',
      code: 'resource_missing',
      message: `No active discount for subscription: ${subscription.id}`,
    });
  }
  context.events.emit(context, 'customer.discount.deleted', discount);
  const discounts = subscription.discounts.filter((one) => one !== discount.id);
  change(context, subscription, { discounts }, 'customer.subscription.updated');
  return { ...discount, deleted: true };
}
