export const DAY_SECONDS = 86_400;
/** No shorter than the interval really is, so that a first guess of how many have passed is not too high. */
const LONGEST_DAYS = { day: 1, week: 7, month: 31, year: 366 };

/** How often something recurs: of a recurring price. */
export interface Recurrence {
  readonly interval: 'day' | 'week' | 'month' | 'year';
  readonly interval_count: number;
}

/**
 * The Unix time `count` intervals after `start`. Months keep the day of the
 * month, or take the month's last day where it is shorter (31 January + 1
 * month = 28 or 29 February), as Stripe's billing cycles do. UTC.
 */
export function addIntervals(
  start: number,
  interval: 'day' | 'week' | 'month' | 'year',
  count: number,
): number {
  if (interval === 'day') return start + count * DAY_SECONDS;
  if (interval === 'week') return start + count * 7 * DAY_SECONDS;
  const months = interval === 'year' ? count * 12 : count;
  const date = new Date(start * 1000);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, lastDay));
  return Math.floor(date.getTime() / 1000);
}

/**
 * The first instant of a billing cycle after `instant` (Unix seconds). Cycles
 * are counted from the anchor, not from each other: 31 January leads to
 * 28 February and 31 March (https://docs.stripe.com/billing/subscriptions/billing-cycle).
 */
export function cycleEnd(anchor: number, recurrence: Recurrence, instant: number): number {
  return cycleAround(anchor, recurrence, instant).end;
}

/** The whole billing cycle that contains `instant`. */
export function cycleAround(
  anchor: number,
  { interval, interval_count: every }: Recurrence,
  instant: number,
): { start: number; end: number } {
  const longest = LONGEST_DAYS[interval] * every * DAY_SECONDS;
  const at = (cycles: number): number => addIntervals(anchor, interval, cycles * every);
  // Before the anchor a cycle may be shorter than the longest: one more reaches back far enough.
  let cycles = Math.floor((instant - anchor) / longest) * (instant < anchor ? 2 : 1) - 1;
  while (at(cycles + 1) <= instant) cycles += 1;
  return { start: at(cycles), end: at(cycles + 1) };
}
