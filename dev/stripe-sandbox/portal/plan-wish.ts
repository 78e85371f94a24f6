import { invalid } from '../api/errors.ts';
import { promotionCodeNamed } from '../billing/discounts/check-redemption.ts';
import { isEnding } from '../billing/subscriptions/cancellation.ts';
import type { DiscountParam } from '../billing/discounts/redeem.ts';
import type { SubscriptionItem } from '../objects/subscription.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { offeredPrices, quantityBounds } from './offer.ts';
import { ownSubscription, type Visit } from './visit.ts';

type Price = ObjectTypes['price'];
type Subscription = ObjectTypes['subscription'];

/** The plan that a customer wants instead of the present one. */
export interface PlanWish {
  readonly subscription: Subscription;
  readonly item: SubscriptionItem;
  readonly price: Price;
  readonly quantity: number;
  /** What is to be redeemed with it; empty: the discounts stay. */
  readonly discounts: readonly DiscountParam[];
}

/**
 * The wish of a form: `subscription`, `price`, `quantity` and `promotion_code`
 * (as it is typed), or that of the flow that the session is for. Throws what
 * the configuration does not allow.
 */
export function planWish(visit: Visit, fields: URLSearchParams): PlanWish {
  const flow = visit.session.flow?.subscription_update_confirm;
  const subscription = ownSubscription(visit, fields);
  checkUpdatable(visit, subscription);
  const [item] = subscription.items.data;
  if (!item || subscription.items.data.length > 1) throw invalid('This subscription cannot be changed here.');
  const [asked] = flow?.items ?? [];
  const price = wantedPrice(visit, subscription, item, asked?.price ?? fields.get('price') ?? item.price.id);
  const typed = fields.get('quantity');
  const current = item.quantity ?? 1;
  const quantity = asked?.quantity ?? (typed ? typedQuantity(visit, price, typed, current) : current);
  const discounts = flow ? flowDiscounts(flow.discounts) : typedDiscounts(visit, fields);
  if (price.id === item.price.id && quantity === current && discounts.length === 0) {
    throw invalid('This is your plan already.', 'price');
  }
  return { subscription, item, price, quantity, discounts };
}

function checkUpdatable({ configuration }: Visit, subscription: Subscription): void {
  if (!configuration.features.subscription_update.enabled) {
    throw invalid('Plans cannot be changed here.', 'subscription');
  }
  if (isEnding(subscription)) {
    throw invalid('Your subscription is about to end. Choose “Don’t cancel” first.', 'subscription');
  }
}

function wantedPrice(
  { context, configuration }: Visit,
  subscription: Subscription,
  item: SubscriptionItem,
  id: string,
): Price {
  if (id === item.price.id) return item.price;
  const { default_allowed_updates: allowed } = configuration.features.subscription_update;
  const offered = offeredPrices(context, configuration, subscription).find((one) => one.id === id);
  if (offered && allowed.includes('price')) return offered;
  throw invalid('This plan is not offered.', 'price');
}

function typedQuantity(
  { context, configuration }: Visit,
  price: Price,
  typed: string,
  current: number,
): number {
  const quantity = /^\d{1,6}$/.test(typed.trim()) ? Number(typed) : NaN;
  if (quantity === current) return quantity;
  const bounds = quantityBounds(context, configuration, price);
  if (!bounds) throw invalid('The quantity of this plan cannot be changed here.', 'quantity');
  const { minimum, maximum } = bounds;
  if (quantity >= minimum && quantity <= (maximum ?? Infinity)) return quantity;
  const most = maximum === null ? 'at least' : 'between';
  throw invalid(
    `The quantity must be ${most} ${minimum}${maximum === null ? '' : ` and ${maximum}`}.`,
    'quantity',
  );
}

function typedDiscounts(
  { context, configuration, customer }: Visit,
  fields: URLSearchParams,
): DiscountParam[] {
  const typed = fields.get('promotion_code')?.trim();
  if (!typed) return [];
  const { default_allowed_updates: allowed } = configuration.features.subscription_update;
  const code = promotionCodeNamed(context, typed, customer.id);
  if (!code || !allowed.includes('promotion_code')) throw invalid('This code is invalid.', 'promotion_code');
  return [{ promotion_code: code.id }];
}

function flowDiscounts(
  discounts: readonly { readonly coupon: string | null; readonly promotion_code: string | null }[] | null,
): DiscountParam[] {
  return (discounts ?? []).map(({ coupon, promotion_code: code }) => ({
    ...(coupon !== null && { coupon }),
    ...(code !== null && { promotion_code: code }),
  }));
}
