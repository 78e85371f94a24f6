import type Stripe from 'stripe';
import type { Configuration, OfferedProduct, PortalOffer } from '../objects/portal-configuration.ts';
import type { Context } from '../state/context.ts';
import type { ObjectTypes, Wire } from '../state/wire.ts';

type Price = ObjectTypes['price'];
type Subscription = ObjectTypes['subscription'];
type Item = Wire<Stripe.SubscriptionItem>;

/** What customers may choose by this configuration. */
export function offerOf(context: Context, configuration: Configuration): PortalOffer {
  return context.store.facts('billing_portal.configuration', configuration.id) ?? { products: [] };
}

/** The prices that a subscription may change to: those of its currency, cheapest first. */
export function offeredPrices(
  context: Context,
  configuration: Configuration,
  subscription: Subscription,
): Price[] {
  const { products } = offerOf(context, configuration);
  const isOffered = (price: Price): boolean =>
    products === null || products.some((one) => one.prices.includes(price.id));
  return context.store
    .all('price')
    .filter(
      (price) =>
        price.active &&
        price.recurring !== null &&
        price.currency === subscription.currency &&
        context.store.get('product', price.product)?.active === true &&
        isOffered(price),
    )
    .toSorted((a, b) => unitAmount(a) - unitAmount(b));
}

/** The bounds of an item's quantity; undefined when it may not change. */
export function quantityBounds(
  context: Context,
  configuration: Configuration,
  price: Price,
): OfferedProduct['adjustable_quantity'] | undefined {
  const { default_allowed_updates: allowed } = configuration.features.subscription_update;
  const { products } = offerOf(context, configuration);
  if (products === null) {
    return allowed.includes('quantity') ? { enabled: true, maximum: null, minimum: 1 } : undefined;
  }
  const bounds = products.find(({ product }) => product === price.product)?.adjustable_quantity;
  return bounds?.enabled ? bounds : undefined;
}

/**
 * Whether a change of one item waits for the end of the period, by the
 * configuration's conditions. Amounts are compared as they are billed, each for
 * its own interval.
 */
export function isScheduled(
  configuration: Configuration,
  item: Item,
  next: { readonly price: Price; readonly quantity: number },
): boolean {
  const { conditions } = configuration.features.subscription_update.schedule_at_period_end;
  return conditions.some(({ type }) =>
    type === 'shortening_interval'
      ? days(next.price) < days(item.price)
      : unitAmount(next.price) * next.quantity < unitAmount(item.price) * (item.quantity ?? 1),
  );
}

function unitAmount(price: Price): number {
  return Number(price.unit_amount_decimal ?? 0);
}

const DAYS = { day: 1, week: 7, month: 30, year: 365 };

function days({ recurring }: Price): number {
  return recurring ? DAYS[recurring.interval] * recurring.interval_count : 0;
}
