import { findCustomerAtStripe, keepStripeCustomer } from '../customers/index.ts';
import type { Subscription } from '../stripe/index.ts';
import { findOffers, type Offer } from './checkout-queries.ts';
import { SettlementError, untilFresh, type Settlement, type SettlementDeps } from './settlement.ts';
import {
  applySubscription,
  findFirstCheckout,
  findSubscriptionView,
  type SubscriptionState,
} from './subscription-queries.ts';

type View = Awaited<ReturnType<typeof findSubscriptionView>>[number];

/**
 * Brings our row of a subscription up to what Stripe says of it now, for an event that tells of it: the statements are
 * the caller's to commit, by `untilFresh`. Ours is what was sold as one of our plans; it stays so when somebody moves
 * it to a price that is not ours. `buyerId` is the customer who is known to have bought it. Throws SettlementError
 * `customer_unknown`.
 */
export async function settleSubscription(
  deps: SettlementDeps,
  stripeSubscriptionId: string,
  eventId: string | null,
  buyerId?: string,
): Promise<Settlement> {
  const [view] = await deps.db.run(findSubscriptionView(stripeSubscriptionId));
  const seen = await deps.stripe.findSubscription(stripeSubscriptionId);
  if (seen === undefined) return { kind: 'ignored', reason: 'not_ours' };
  const [offers, customers, checkouts] = await deps.db.batch([
    findOffers(pricesOf(seen)),
    findCustomerAtStripe(seen.stripeCustomerId),
    findFirstCheckout(seen.id, seen.checkoutName),
  ]);
  const sold = soldState(seen, offers, view);
  if (sold === undefined) return { kind: 'ignored', reason: 'not_ours' };
  const customerId = view?.customerId ?? buyerId ?? customers[0]?.id ?? checkouts[0]?.customerId;
  if (customerId === undefined) throw new SettlementError('customer_unknown');
  const state = { ...sold, customerId };
  return {
    kind: 'effects',
    customerId,
    statements: [
      keepStripeCustomer(customerId, seen.stripeCustomerId),
      applySubscription({ state, version: view?.version ?? 0, eventId, now: deps.clock.now() }),
    ],
  };
}

/** The same for a request or a job, which commits it itself. Does nothing about a subscription that is not ours. */
export async function syncSubscription(
  deps: SettlementDeps,
  stripeSubscriptionId: string,
  eventId: string | null,
): Promise<void> {
  await untilFresh(async () => {
    const settlement = await settleSubscription(deps, stripeSubscriptionId, eventId);
    if (settlement.kind === 'ignored') return;
    const [first, ...rest] = settlement.statements;
    if (first !== undefined) await deps.db.batch([first, ...rest]);
  });
}

/** The Prices that a subscription is billed by, or will be. */
export function pricesOf({ items, schedule }: Subscription): readonly string[] {
  return [
    ...items.map(({ stripePriceId }) => stripePriceId),
    ...(schedule?.laterPhases ?? []).flatMap(({ stripePriceIds }) => stripePriceIds),
  ];
}

/** What our row is to say of a subscription; undefined when it is for nothing of ours. */
export function soldState(
  seen: Subscription,
  offers: readonly Offer[],
  view: Pick<View, 'stripeItemId' | 'offerId'> | undefined,
): Omit<SubscriptionState, 'customerId'> | undefined {
  const sold = soldItem(seen, offers, view);
  return sold && stateOf(seen, sold, offers);
}

interface SoldItem {
  readonly item: Subscription['items'][number];
  readonly offerId: string;
}

/** Of several items the one that is ours: the one that we know, else the first that is for a plan. */
function soldItem(
  { items }: Subscription,
  offers: readonly Offer[],
  view: Pick<View, 'stripeItemId' | 'offerId'> | undefined,
): SoldItem | undefined {
  const sold = items.flatMap((item) => {
    const offerId = planAmong(offers, item.stripePriceId)?.id;
    return offerId === undefined ? [] : [{ item, offerId }];
  });
  const known = sold.find(({ item }) => item.id === view?.stripeItemId) ?? sold[0];
  const [item] = items;
  return known ?? (view === undefined || item === undefined ? undefined : { item, offerId: view.offerId });
}

function planAmong(offers: readonly Offer[], stripePriceId: string): Offer | undefined {
  return offers.find((offer) => offer.type === 'plan' && offer.stripePriceId === stripePriceId);
}

function stateOf(
  seen: Subscription,
  { item, offerId }: SoldItem,
  offers: readonly Offer[],
): Omit<SubscriptionState, 'customerId'> {
  const next = nextPlan(seen, item, offers);
  return {
    stripeSubscriptionId: seen.id,
    stripeItemId: item.id,
    offerId,
    quantity: item.quantity,
    status: seen.status,
    startedAt: seen.startedAt,
    currentPeriodStart: item.currentPeriodStart,
    currentPeriodEnd: item.currentPeriodEnd,
    cancelAtPeriodEnd: seen.cancelAtPeriodEnd,
    cancelAt: seen.cancelAt,
    canceledAt: seen.canceledAt,
    endedAt: seen.endedAt,
    trialStart: seen.trialStart,
    trialEnd: seen.trialEnd,
    pauseBehavior: seen.pause?.behavior ?? null,
    pauseResumesAt: seen.pause?.resumesAt ?? null,
    stripeScheduleId: seen.schedule?.id ?? null,
    nextOfferId: next?.offerId ?? null,
    nextOfferAt: next?.startsAt ?? null,
  };
}

/** The first plan of the schedule's later phases that is another than the present one. */
function nextPlan(
  { schedule }: Subscription,
  { stripePriceId }: SoldItem['item'],
  offers: readonly Offer[],
): { readonly offerId: string; readonly startsAt: Date } | undefined {
  const plans = (schedule?.laterPhases ?? []).flatMap(({ startsAt, stripePriceIds }) =>
    stripePriceIds.flatMap((priceId) => {
      const offer = planAmong(offers, priceId);
      return offer === undefined ? [] : [{ offerId: offer.id, stripePriceId: priceId, startsAt }];
    }),
  );
  return plans.find((plan) => plan.stripePriceId !== stripePriceId);
}
