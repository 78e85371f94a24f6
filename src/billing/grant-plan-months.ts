import { describeFault } from '../core/log.ts';
import type { Deps } from '../deps.ts';
import { findDueYears, grantMonthsOf } from './plan-month-queries.ts';

/** As many as one run gets through well within its time; the next run, a minute later, goes on. */
const yearsAtOnce = 300;
/** A Worker holds six connections open at a time. */
const lanes = 6;

/**
 * Grants the months of yearly plans that have begun: after an outage several, in their order. One that cannot be
 * granted is logged, tried again by the next run, and does not stop the others. For the scheduled job.
 */
export async function grantPlanMonths(deps: Pick<Deps, 'db' | 'clock' | 'log'>): Promise<void> {
  const now = deps.clock.now();
  const waiting = await deps.db.run(findDueYears(now, yearsAtOnce));
  const lane = async (): Promise<void> => {
    for (let year = waiting.shift(); year !== undefined; year = waiting.shift()) {
      try {
        await deps.db.run(grantMonthsOf(year.id, now));
      } catch (error) {
        deps.log.error('plan_months_failed', { schedule_id: year.id, ...describeFault(error) });
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
