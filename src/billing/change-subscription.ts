import type { AccountReference } from '../core/actor.ts';
import { conflict, DomainError } from '../core/errors.ts';
import { expectCustomer, findCustomer } from '../customers/index.ts';
import type { Statement } from '../db/index.ts';
import type { Deps } from '../deps.ts';
import { StripeRefusal } from '../stripe/index.ts';
import type { Offer } from './checkout-queries.ts';
import { lookAtStanding, type Standing } from './standing.ts';
import {
  beginOperation,
  endOperation,
  findPlanOnSale,
  findStanding,
  findStandingOffers,
} from './standing-queries.ts';
import { applySubscription } from './subscription-queries.ts';
import { settleSubscription } from './sync-subscription.ts';

export type ChangeDeps = Pick<Deps, 'db' | 'stripe' | 'clock' | 'operationId'>;

/** What a change of a subscription looks at. */
export interface ChangeInput {
  readonly standing: Standing;
  /** The plan that was named, as it is on sale now. */
  readonly wanted: Offer | undefined;
  /** This very request was cut off before: what it finds may be its own doing. */
  readonly isRepeated: boolean;
}

interface Changed<Result> {
  /** What `change` answered. */
  readonly result: Result;
  /** The subscription afterwards. */
  readonly after: Standing;
}

/**
 * Lets `change` ask Stripe for a change of the account's subscription, and keeps what comes of it, together with the
 * request's answer: our row is as Stripe's before the customer hears of it. It decides by what Stripe has now, and no
 * other request changes the subscription meanwhile. Throws `customer_not_found`, `no_subscription`, `change_in_progress`, and
 * `subscription_changed` when it is not `isDone` (the request is repeated after somebody has changed it again), or
 * when Stripe refuses what somebody else's change has made impossible.
 */
export async function changeSubscription<Result>(
  deps: ChangeDeps,
  account: AccountReference,
  planKey: string | undefined,
  change: (input: ChangeInput) => Promise<Result>,
  isDone: (result: Result, after: Standing) => boolean,
): Promise<Changed<Result>> {
  const [begun, [row], offers, [wanted], [customer]] = await deps.db.batch([
    beginOperation(account, deps.operationId),
    findStanding(account),
    findStandingOffers(account),
    findPlanOnSale(planKey, deps.clock.now()),
    findCustomer(account),
  ]);
  expectCustomer(account, customer?.id);
  const [operation] = begun.rows;
  if (row !== undefined && operation === undefined) {
    throw conflict('change_in_progress', 'Another request is changing this subscription: look at it again.');
  }
  try {
    const known = wanted === undefined ? offers : [...offers, wanted];
    const standing = await lookAtStanding(deps, row, known);
    const isRepeated = operation?.is_repeated ?? false;
    const result = await unlessChanged(deps, standing, () => change({ standing, wanted, isRepeated }));
    const after = await lookAtStanding(deps, row, standing.offers);
    if (!isDone(result, after)) throw subscriptionChanged();
    keep(deps, after);
    return { result, after };
  } catch (error) {
    // Where this fails, too, the lease of the operation ends it.
    if (row !== undefined) await deps.db.run(endOperation(row.id, deps.operationId)).catch(() => undefined);
    throw error;
  }
}

/** What Stripe refuses of a subscription that is another one by now (it has ended, perhaps) is nobody's fault. */
async function unlessChanged<Result>(
  deps: ChangeDeps,
  { row, state, offers }: Standing,
  change: () => Promise<Result>,
): Promise<Result> {
  try {
    return await change();
  } catch (error) {
    if (!(error instanceof StripeRefusal)) throw error;
    const present = await lookAtStanding(deps, row, offers);
    throw JSON.stringify(present.state) === JSON.stringify(state) ? error : subscriptionChanged(error);
  }
}

function subscriptionChanged(cause?: StripeRefusal): DomainError {
  const message = 'The subscription was changed again since: look at it again.';
  return new DomainError('conflict', 'subscription_changed', message, { cause });
}

/** Leaves a subscription as it is now for the end of the request. An event may be faster, and may have seen more. */
function keep(deps: ChangeDeps, { row, state }: Standing): void {
  const end = endOperation(row.id, deps.operationId);
  const apply = applySubscription({ state, version: row.version, eventId: null, now: deps.clock.now() });
  deps.db.beforeAnswer([apply, end], async (): Promise<readonly Statement[]> => {
    const settlement = await settleSubscription(deps, row.stripeSubscriptionId, null);
    return [...(settlement.kind === 'effects' ? settlement.statements : []), end];
  });
}
