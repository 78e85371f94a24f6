import type { User } from '../core/actor.ts';
import { unavailable } from '../core/errors.ts';
import { findCustomer } from '../customers/index.ts';
import type { Statement } from '../db/index.ts';
import { StripeRefusal } from '../stripe/index.ts';
import { closeCustomer, findGoingSubscriptions, findPagesOf } from './closing-queries.ts';
import { SettlementError, untilFresh, type SettlementDeps } from './settlement.ts';
import { settleSubscription } from './sync-subscription.ts';

/** Statuses of subscriptions that are over for good. */
const over: ReadonlySet<string> = new Set(['canceled', 'incomplete_expired']);

/**
 * Ends all that a user buys, for an account that is deleted: closes the pay pages and cancels the subscriptions at
 * Stripe, at once and without giving anything back, and then has `commit` close the customer in one transaction with
 * what the caller does. What is ended at Stripe stays so when it is cut off, and the same again goes on. It is done over
 * when something was begun meanwhile. Nothing is closed when Stripe does not answer.
 * @throws `stripe_unavailable`, `stripe_refused`, `changing`, and what `commit` throws
 */
export async function leaveBilling(
  deps: SettlementDeps,
  user: User,
  commit: (closing: readonly Statement[]) => Promise<void>,
): Promise<void> {
  try {
    await untilFresh(async () => commit(await endAll(deps, user)));
  } catch (error) {
    if (error instanceof StripeRefusal) {
      throw unavailable('stripe_refused', 'Stripe does not let what this account buys be ended now.', error);
    }
    if (!(error instanceof SettlementError)) throw error;
    throw unavailable('changing', 'This account is being used to buy: try again.', error);
  }
}

/** Pages first: what was bought on one until then is among the subscriptions. */
async function endAll(deps: SettlementDeps, user: User): Promise<readonly Statement[]> {
  const { db, stripe, clock } = deps;
  const now = clock.now();
  const [[customer], pages, known] = await db.batch([
    findCustomer({ user }),
    findPagesOf(user, now),
    findGoingSubscriptions(user),
  ]);
  const closedIds: string[] = [];
  for (const { id, sessionId } of pages) {
    if ((await stripe.expireCheckout(sessionId)) === 'expired') closedIds.push(id);
  }
  const listed = await goingAtStripe(deps, customer?.stripeCustomerId ?? null);
  const endedIds = [...new Set([...listed, ...known.map(({ stripeSubscriptionId: id }) => id)])];
  const statements: Statement[] = [];
  for (const id of endedIds) {
    await stripe.endNow(id);
    const settlement = await settleSubscription(deps, id, null, customer?.id);
    if (settlement.kind === 'effects') statements.push(...settlement.statements);
  }
  const seenIds = pages.map(({ id }) => id);
  return [...statements, closeCustomer(user, { seenIds, closedIds, endedIds, now })];
}

/** Every subscription that a customer has at Stripe and that goes on, whatever it is for, known to us or not. */
async function goingAtStripe(
  { stripe }: SettlementDeps,
  stripeCustomerId: string | null,
): Promise<readonly string[]> {
  if (stripeCustomerId === null) return [];
  try {
    const all = await stripe.listSubscriptions(stripeCustomerId);
    return all.filter(({ status }) => !over.has(status)).map(({ id }) => id);
  } catch (error) {
    // A customer that somebody has deleted at Stripe has none.
    if (error instanceof StripeRefusal && error.code === 'resource_missing') return [];
    throw error;
  }
}
