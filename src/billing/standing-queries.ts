import { and, eq, gt, isNull, lte, or, sql } from 'drizzle-orm';
import type { AccountReference } from '../core/actor.ts';
import { customerIdOf } from '../customers/index.ts';
import { build } from '../db/index.ts';
import { prices, subscriptionPlans } from '../pricing/tables.ts';
import { selectOffers } from './checkout-queries.ts';
import { foremost } from './status-queries.ts';
import { subscriptionOperations, subscriptions } from './subscription-tables.ts';

/** How long a request that changes a subscription may take before another one may. */
const leaseSeconds = 60;

/** The subscription that an account's requests are about: the one that the status shows. */
function standingOf(account: AccountReference) {
  return build
    .select({
      id: subscriptions.id,
      offerId: subscriptions.offerId,
      nextOfferId: subscriptions.nextOfferId,
    })
    .from(subscriptions)
    .where(eq(subscriptions.customerId, customerIdOf(account)))
    .orderBy(...foremost())
    .limit(1);
}

/** Its row. Read it before Stripe is asked: its version is what `applySubscription` wants. */
export function findStanding(account: AccountReference) {
  return build
    .select({
      id: subscriptions.id,
      stripeSubscriptionId: subscriptions.stripeSubscriptionId,
      version: subscriptions.version,
      customerId: subscriptions.customerId,
      offerId: subscriptions.offerId,
      stripeItemId: subscriptions.stripeItemId,
      status: subscriptions.status,
    })
    .from(subscriptions)
    .where(eq(subscriptions.id, sql`(select id from ${standingOf(account)} as standing)`));
}

/** What it is billed by, and is going to be billed by. */
export function findStandingOffers(account: AccountReference) {
  return selectOffers().where(
    sql`${prices.id} in (select unnest(array[offer_id, next_offer_id]) from ${standingOf(account)} as standing)`,
  );
}

/** What a plan is offered for at `now`; no row while it is not on sale. */
export function findPlanOnSale(planKey: string | undefined, now: Date) {
  return selectOffers().where(
    and(
      eq(subscriptionPlans.planKey, sql`${planKey ?? null}`),
      eq(subscriptionPlans.isActive, true),
      lte(prices.validFrom, now),
      or(isNull(prices.validTo), gt(prices.validTo, now)),
    ),
  );
}

/**
 * Makes a request the one that changes the account's subscription. No row: another one does now, or there is no
 * subscription. `is_repeated`: this very request began before, and nobody has since.
 */
export function beginOperation(account: AccountReference, operationId: string) {
  return build.execute<{ readonly is_repeated: boolean }>(sql`
    with standing as ${standingOf(account)}, before as (
      select operation_id from subscription_operations join standing on standing.id = subscription_id
    )
    insert into subscription_operations as running (subscription_id, operation_id, lease_until)
    select id, ${operationId}::uuid, now() + make_interval(secs => ${leaseSeconds}) from standing
    on conflict (subscription_id) do update
    set operation_id = excluded.operation_id, lease_until = excluded.lease_until
    where running.lease_until <= now() or running.operation_id = excluded.operation_id
    returning coalesce((select operation_id from before) = operation_id, false) as is_repeated`);
}

/** Lets the next request change the subscription. */
export function endOperation(subscriptionId: string, operationId: string) {
  return build
    .update(subscriptionOperations)
    .set({ leaseUntil: sql`'-infinity'` })
    .where(
      and(
        eq(subscriptionOperations.subscriptionId, subscriptionId),
        eq(subscriptionOperations.operationId, operationId),
      ),
    );
}
