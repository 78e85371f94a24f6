import { noSuch } from '../api/errors.ts';
import { page } from '../api/lists.ts';
import { named, operation, type Operation } from '../api/operations.ts';
import { updateSubscription } from '../billing/subscriptions/update-subscription.ts';
import { wantedChange } from '../billing/subscriptions/wanted-change.ts';
import type { SubscriptionItem } from '../objects/subscription.ts';
import { inTimeOf } from '../state/clock.ts';
import type { Context } from '../state/context.ts';
import type { Params } from '../api/parameters.ts';
import type { ObjectTypes } from '../state/wire.ts';

const PATH = '/v1/subscription_items';
type Subscription = ObjectTypes['subscription'];
type Changes = Params<'subscriptionUpdate'>;

export const subscriptionItems: readonly Operation[] = [
  operation('POST', PATH, 'subscriptionItemCreate', (context, { subscription: id, ...params }) => {
    const subscription = named(context, 'subscription', id, 'subscription');
    const known = new Set(subscription.items.data.map((item) => item.id));
    const { items } = changeItem(context, subscription, params);
    return items.data.find((item) => !known.has(item.id)) ?? items;
  }),
  operation('GET', `${PATH}/:id`, 'expandOnly', (context, _params, id) => ownItem(context, id).item),
  operation('POST', `${PATH}/:id`, 'subscriptionItemUpdate', (context, params, id) => {
    const { items } = changeItem(context, ownItem(context, id).subscription, { ...params, id });
    return items.data.find((item) => item.id === id) ?? items;
  }),
  operation('DELETE', `${PATH}/:id`, 'subscriptionItemDelete', (context, params, id) => {
    changeItem(context, ownItem(context, id).subscription, { ...params, id, deleted: true });
    return { id, object: 'subscription_item', deleted: true };
  }),
  operation('GET', PATH, 'subscriptionItemList', (context, params) => {
    const { items } = named(context, 'subscription', params.subscription, 'subscription');
    return page(items.data, params, PATH);
  }),
];

/** An item's subscription is the customer's, and lives in the customer's time. */
function ownItem(context: Context, id: string): { item: SubscriptionItem; subscription: Subscription } {
  for (const subscription of context.store.all('subscription')) {
    const item = subscription.items.data.find((one) => one.id === id);
    if (item) return { item, subscription };
  }
  throw noSuch('subscription_item', id, 'id', 404);
}

type ItemParams = NonNullable<Changes['items']>[number] &
  Pick<Changes, 'off_session' | 'payment_behavior' | 'proration_behavior' | 'proration_date'>;

/** A change of one item is a change of its subscription. */
function changeItem(
  context: Context,
  subscription: Subscription,
  { off_session, payment_behavior, proration_behavior, proration_date, ...item }: ItemParams,
): Subscription {
  const theirs = inTimeOf(context, subscription.customer);
  const update: Changes = {
    items: [item],
    ...(off_session !== undefined && { off_session }),
    ...(payment_behavior !== undefined && { payment_behavior }),
    ...(proration_behavior !== undefined && { proration_behavior }),
    ...(proration_date !== undefined && { proration_date }),
  };
  return updateSubscription(theirs, subscription, wantedChange(theirs, subscription, update));
}
