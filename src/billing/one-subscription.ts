import { uuidFrom } from '../core/ids.ts';
import { addNotice, findNotice } from '../customers/index.ts';
import type { Statement } from '../db/index.ts';
import type { Subscription } from '../stripe/index.ts';
import { findOffers } from './checkout-queries.ts';
import { closeCheckouts, findOpenPages } from './opening-queries.ts';
import type { SettlementDeps } from './settlement.ts';
import { pricesOf, soldState } from './sync-subscription.ts';

/** Statuses of subscriptions that are over, or were never paid for: they stand in nobody's way. */
const idle: ReadonlySet<string> = new Set(['canceled', 'incomplete', 'incomplete_expired']);

/** A checkout of ours that has begun a subscription. */
export interface BegunSubscription {
  readonly customerId: string;
  readonly checkoutId: string;
  readonly subscriptionId: string;
}

/**
 * Sees to it that a customer who has subscribed by a checkout has one subscription: closes the other pay pages for
 * plans, and, when a page was paid although another one had been, cancels the later subscription at once and gives its
 * money back. What happens at Stripe happens before the statements are committed, and can be done again.
 */
export async function keepOneSubscription(
  deps: SettlementDeps,
  begun: BegunSubscription,
): Promise<readonly Statement[]> {
  await endDuplicate(deps, begun);
  return closeOtherPages(deps, begun);
}

async function closeOtherPages(
  { db, stripe, clock }: SettlementDeps,
  { customerId, checkoutId }: BegunSubscription,
): Promise<readonly Statement[]> {
  const pages = await db.run(findOpenPages(customerId, checkoutId, clock.now()));
  const closedIds: string[] = [];
  for (const { id, sessionId } of pages) {
    if ((await stripe.expireCheckout(sessionId)) === 'expired') closedIds.push(id);
  }
  const seenIds = [checkoutId, ...pages.map(({ id }) => id)];
  return [closeCheckouts(customerId, closedIds, seenIds, clock.now())];
}

/**
 * The notice that tells the customer is the decision, kept before anything is done about it: whoever takes the event up
 * after a crash knows by it to go on, and so does a later event, because a bank debit arrives days after its
 * subscription was canceled.
 */
async function endDuplicate(
  deps: SettlementDeps,
  { customerId, subscriptionId }: BegunSubscription,
): Promise<void> {
  const { db, stripe, clock } = deps;
  const id = await uuidFrom(`duplicate:${subscriptionId}`);
  const [decision] = await db.run(findNotice(id));
  const mine = await stripe.findSubscription(subscriptionId);
  if (mine === undefined) return;
  if (decision === undefined) {
    const first = isOver(mine) ? undefined : await findFirst(deps, mine);
    if (first === undefined) return;
    const data = { stripe_subscription_id: subscriptionId, kept_stripe_subscription_id: first.id };
    const noticeType = 'subscription.duplicate_canceled';
    await db.run(addNotice({ id, customerId, noticeType, data, createdAt: clock.now() }));
  }
  if (!isOver(mine)) await stripe.endNow(subscriptionId);
  await refundAll(deps, subscriptionId);
}

function isOver({ status }: Subscription): boolean {
  return status === 'canceled' || status === 'incomplete_expired';
}

/** The customer's subscription to one of our plans that goes on and was there before; Stripe lists the newest first. */
async function findFirst(
  { db, stripe }: SettlementDeps,
  mine: Subscription,
): Promise<Subscription | undefined> {
  const all = await stripe.listSubscriptions(mine.stripeCustomerId);
  const older = all.slice(all.findIndex(({ id }) => id === mine.id) + 1);
  const going = older.filter(({ id, status }) => id !== mine.id && !idle.has(status));
  if (going.length === 0) return undefined;
  const offers = await db.run(findOffers(going.flatMap(pricesOf)));
  return going.find((subscription) => soldState(subscription, offers, undefined) !== undefined);
}

async function refundAll({ stripe }: SettlementDeps, subscriptionId: string): Promise<void> {
  for (const invoiceId of await stripe.listInvoicesOf(subscriptionId)) {
    for (const payment of await stripe.listPaymentIntents(invoiceId)) await stripe.refundDuplicate(payment);
  }
}
