import { and, eq, gt, isNotNull, notInArray, sql } from 'drizzle-orm';
import type { User } from '../core/actor.ts';
import { customerIdOf } from '../customers/index.ts';
import { build, instant } from '../db/index.ts';
import { subscriptions } from './subscription-tables.ts';
import { checkouts } from './tables.ts';

/** The pay pages that a user has open, for plans and packages. */
export function findPagesOf(user: User, now: Date) {
  return build
    .select({ id: checkouts.id, sessionId: sql<string>`${checkouts.stripeSessionId}` })
    .from(checkouts)
    .where(
      and(
        eq(checkouts.customerId, customerIdOf({ user })),
        eq(checkouts.status, 'open'),
        isNotNull(checkouts.stripeSessionId),
        gt(checkouts.expiresAt, now),
      ),
    );
}

/** A user's subscriptions that are not over, as far as our rows tell. */
export function findGoingSubscriptions(user: User) {
  return build
    .select({ stripeSubscriptionId: subscriptions.stripeSubscriptionId })
    .from(subscriptions)
    .where(
      and(
        eq(subscriptions.customerId, customerIdOf({ user })),
        notInArray(subscriptions.status, ['canceled', 'incomplete_expired']),
      ),
    );
}

export interface Closing {
  /** Checkouts whose pages were closed, or were found completed. */
  readonly seenIds: readonly string[];
  readonly closedIds: readonly string[];
  /** Subscriptions that are over at Stripe. */
  readonly endedIds: readonly string[];
  readonly now: Date;
}

/** Closes a user's customer (`close_customer`). Raises RC411 when something was begun since that Stripe was asked. */
export function closeCustomer(user: User, { seenIds, closedIds, endedIds, now }: Closing) {
  const parts = { seen: seenIds, closed: closedIds, ended: endedIds };
  return build.execute(sql`
    select close_customer(${user.issuer}, ${user.subject}, ${JSON.stringify(parts)}::jsonb, ${instant(now)})`);
}
