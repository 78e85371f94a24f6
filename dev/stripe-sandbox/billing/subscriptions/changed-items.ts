import { invalid, noSuch } from '../../api/errors.ts';
import { newSubscriptionItem, priced, type SubscriptionItem } from '../../objects/subscription.ts';
import type { Context } from '../../state/context.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { periodEnd, periodStart, type Period } from './billed-period.ts';
import type { DiscountParam } from '../discounts/redeem.ts';
import { replaceDiscounts } from '../discounts/replace-discounts.ts';
import { checkPricesTogether } from './wanted-items.ts';

type Price = ObjectTypes['price'];
type Subscription = ObjectTypes['subscription'];

/** What is to become of one item; without an id it is a new one. */
export interface ItemChange {
  readonly id?: string;
  readonly deleted?: boolean;
  readonly price?: Price;
  /** Of a changed price it is 1, unless it is told. */
  readonly quantity?: number;
  /** All of it, not only what changes. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** In the place of those that the item has. */
  readonly discounts?: readonly DiscountParam[];
}

/** The items after the changes, their periods unchanged; throws Stripe's 400 for what cannot be together. */
export function changedItems(
  context: Context,
  subscription: Subscription,
  changes: readonly ItemChange[],
): SubscriptionItem[] {
  const known = subscription.items.data;
  for (const [index, { id }] of changes.entries()) {
    if (id !== undefined && !known.some((item) => item.id === id)) {
      throw noSuch('subscription_item', id, `items[${index}][id]`);
    }
  }
  const kept = known.flatMap((item) => {
    const index = changes.findIndex(({ id }) => id === item.id);
    const change = changes[index];
    if (!change) return [item];
    return change.deleted ? [] : [changedItem(context, subscription, item, change, `items[${index}]`)];
  });
  const added = changes.flatMap((change, index) =>
    change.id === undefined ? [addedItem(context, subscription, change, `items[${index}]`)] : [],
  );
  const items = [...kept, ...added];
  if (items.length === 0) {
    throw invalid('A subscription must have at least one active item. To end it, cancel it.', 'items');
  }
  checkPricesTogether(
    items.map(({ price }) => price),
    subscription.currency,
  );
  return items;
}

function changedItem(
  context: Context,
  subscription: Subscription,
  item: SubscriptionItem,
  { price, quantity, metadata, discounts }: ItemChange,
  at: string,
): SubscriptionItem {
  const isOther = price !== undefined && price.id !== item.price.id;
  const kept = item.quantity ?? 1;
  return {
    ...item,
    ...(isOther && priced(price)),
    ...(metadata && { metadata: { ...metadata } }),
    ...(discounts && { discounts: redeemed(context, subscription, item, discounts, at) }),
    quantity: quantity ?? (isOther ? 1 : kept),
  };
}

function addedItem(
  context: Context,
  subscription: Subscription,
  { price, quantity, metadata = {}, discounts = [] }: ItemChange,
  at: string,
): SubscriptionItem {
  if (!price) throw invalid('A new item needs a price.', `${at}[price]`, 'parameter_missing');
  const period: Period = { start: periodStart(subscription), end: periodEnd(subscription) };
  const item = newSubscriptionItem(context, {
    subscription: subscription.id,
    price,
    quantity: quantity ?? 1,
    metadata,
    discounts: [],
    period,
  });
  return { ...item, discounts: redeemed(context, subscription, item, discounts, at) };
}

function redeemed(
  context: Context,
  { customer, id: subscription, currency }: Subscription,
  item: SubscriptionItem,
  discounts: readonly DiscountParam[],
  at: string,
): string[] {
  const target = { customer, subscription, subscriptionItem: item.id, currency };
  return replaceDiscounts(context, item.discounts, discounts, target, `${at}[discounts]`);
}
