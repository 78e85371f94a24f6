import type { AccountReference } from '../core/actor.ts';
import { conflict } from '../core/errors.ts';
import { changeSubscription, type ChangeDeps } from './change-subscription.ts';
import { isOver, noSubscription, type Standing } from './standing.ts';

/**
 * Lets the account's subscription go on that was to end; one that goes on anyway stays as it is. Throws
 * `subscription_ended` once it is over, `no_subscription`, `change_in_progress`.
 */
export async function resumeSubscription(deps: ChangeDeps, account: AccountReference): Promise<Standing> {
  const { after } = await changeSubscription(
    deps,
    account,
    undefined,
    async ({ standing }) => {
      const { stripeSubscriptionId, stripeScheduleId, status, cancelAtPeriodEnd } = standing.state;
      if (status === 'incomplete') throw noSubscription();
      if (isOver(standing)) {
        throw conflict('subscription_ended', 'This subscription is over: begin a new one with a checkout.');
      }
      if (goesOn(standing)) return;
      // A schedule that ends its subscription lets it go on by letting go of it.
      if (stripeScheduleId !== null) await deps.stripe.releaseSchedule(deps.operationId, stripeScheduleId);
      else
        await deps.stripe.goOn(
          deps.operationId,
          stripeSubscriptionId,
          cancelAtPeriodEnd ? 'with_period' : 'at_day',
        );
    },
    (_nothing, standing) => goesOn(standing),
  );
  return after;
}

function goesOn({ state }: Standing): boolean {
  return state.cancelAt === null && !state.cancelAtPeriodEnd;
}
