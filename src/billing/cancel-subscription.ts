import type { AccountReference } from '../core/actor.ts';
import { changeSubscription, type ChangeDeps } from './change-subscription.ts';
import { isOver, noSubscription, type Standing } from './standing.ts';

/**
 * Ends the account's subscription with the period that is paid for, a trial with the trial; until then everything stays
 * as it is. A scheduled change is dropped. One that is ending already stays so; one that is paused, and whose period is
 * over, ends now. Throws `no_subscription`, `change_in_progress`, `subscription_changed`.
 */
export async function cancelSubscription(deps: ChangeDeps, account: AccountReference): Promise<Standing> {
  const { after } = await changeSubscription(
    deps,
    account,
    undefined,
    async ({ standing, isRepeated }) => {
      const { stripeSubscriptionId, stripeScheduleId, status, currentPeriodEnd } = standing.state;
      if (isOver(standing) && !isRepeated) throw noSubscription();
      if (isEnding(standing)) return;
      if (stripeScheduleId !== null) await deps.stripe.releaseSchedule(deps.operationId, stripeScheduleId);
      const isPeriodOver = currentPeriodEnd <= deps.clock.now();
      if (status === 'paused' && isPeriodOver) await deps.stripe.endNow(stripeSubscriptionId);
      else await deps.stripe.endWithPeriod(deps.operationId, stripeSubscriptionId);
    },
    (_nothing, standing) => isEnding(standing),
  );
  return after;
}

/** Whether it ends with its period already, or before, or is over. */
function isEnding(standing: Standing): boolean {
  const { cancelAtPeriodEnd, cancelAt, currentPeriodEnd } = standing.state;
  return isOver(standing) || cancelAtPeriodEnd || (cancelAt !== null && cancelAt <= currentPeriodEnd);
}
