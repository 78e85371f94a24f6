const DAY_SECONDS = 86_400;

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
