import { inLanes } from '../core/lanes.ts';
import { describeFault } from '../core/log.ts';
import type { Deps } from '../deps.ts';
import { findDueYears, grantMonthsOf } from './plan-month-queries.ts';

/** As many as one run gets through well within its time; the next run, a minute later, goes on. */
const yearsAtOnce = 300;

/**
 * Grants the months of yearly plans that have begun: after an outage several, in their order. One that cannot be
 * granted is logged, tried again by the next run, and does not stop the others. For the scheduled job.
 */
export async function grantPlanMonths(deps: Pick<Deps, 'db' | 'clock' | 'log'>): Promise<void> {
  const now = deps.clock.now();
  const waiting = await deps.db.run(findDueYears(now, yearsAtOnce));
  await inLanes(waiting, async ({ id }) => {
    try {
      await deps.db.run(grantMonthsOf(id, now));
    } catch (error) {
      deps.log.error('plan_months_failed', { schedule_id: id, ...describeFault(error) });
    }
  });
}
