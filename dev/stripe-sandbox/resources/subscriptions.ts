import type Stripe from 'stripe';
import { equals, inRange } from '../api/lists.ts';
import { list, operation, retrieve, type Operation } from '../api/operations.ts';
import { createSubscription } from '../billing/create-subscription.ts';
import { wantedPayment, wantedSubscription } from '../billing/wanted-subscription.ts';
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
  list(
    PATH,
    'subscription',
    'subscriptionList',
    (subscription, params) => {
      const has = (test: (item: Item) => boolean): boolean => subscription.items.data.some(test);
      const { current_period_start: start, current_period_end: end, plan, price } = params;
      return (
        equals(subscription.customer, params.customer) &&
        (params.customer !== undefined || subscription.test_clock === (params.test_clock ?? null)) &&
        isOnClock(subscription, params) &&
        equals(subscription.collection_method, params.collection_method) &&
        hasStatus(subscription, params.status) &&
        has((item) => inRange(item.current_period_start, start) && inRange(item.current_period_end, end)) &&
        has((item) => equals(item.price.id, price) && equals(item.plan.id, plan))
      );
    },
    ['automatic_tax', 'customer_account'],
  ),
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
