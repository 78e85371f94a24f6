import { cycleAround } from '../../state/period.ts';
import type { ObjectTypes } from '../../state/wire.ts';
import { recurrenceOf } from '../../objects/plan.ts';

type Price = ObjectTypes['price'];
type Subscription = ObjectTypes['subscription'];

/** Unix seconds. */
export interface Period {
  readonly start: number;
  readonly end: number;
}

/** When the present period of a subscription ends; of its items' periods the first end. */
export function periodEnd(subscription: Pick<Subscription, 'items'>): number {
  return Math.min(...subscription.items.data.map((item) => item.current_period_end));
}

/** When the present period of a subscription has begun. */
export function periodStart(subscription: Pick<Subscription, 'items'>): number {
  return Math.max(...subscription.items.data.map((item) => item.current_period_start));
}

/**
 * The period of a price that is billed at `start`: up to the end of the billing
 * cycle, or up to `until` when that comes first. Unix seconds.
 */
export function billedPeriod(
  price: Price,
  { anchor, start, until }: { anchor: number; start: number; until: number | null },
): Period {
  const { end } = cycleAround(anchor, recurrenceOf(price), start);
  return { start, end: until !== null && until > start ? Math.min(until, end) : end };
}

/** Which part of a whole billing cycle a period is: 1, or less when it begins late or ends early. */
export function shareOfCycle(price: Price, anchor: number, period: Period): number {
  const cycle = cycleAround(anchor, recurrenceOf(price), period.start);
  return Math.min(1, (period.end - period.start) / (cycle.end - cycle.start));
}
