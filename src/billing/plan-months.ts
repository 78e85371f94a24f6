/** From `start` up to, and without, `end`. */
export interface Month {
  readonly start: Date;
  readonly end: Date;
}

/**
 * The n-th month after an instant, by the calendar of UTC: the 31st becomes the last day of a shorter month. The same
 * as the SQL function `add_months`, which grants the months of a year.
 */
export function addMonths(start: Date, months: number): Date {
  const [year, month] = [start.getUTCFullYear(), start.getUTCMonth() + months];
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const moved = new Date(start);
  moved.setUTCFullYear(year, month, Math.min(start.getUTCDate(), lastDay));
  return moved;
}

/** The month around an instant, of those that begin at `anchor` + n months. */
export function monthAround(anchor: Date, instant: Date): Month {
  const years = instant.getUTCFullYear() - anchor.getUTCFullYear();
  let n = years * 12 + instant.getUTCMonth() - anchor.getUTCMonth() + 1;
  while (addMonths(anchor, n) > instant) n -= 1;
  return { start: addMonths(anchor, n), end: addMonths(anchor, n + 1) };
}

/**
 * The cycle of one month, or of twelve, that ends at `end`. An anchor decides on which day it began, where several would
 * do (the 28th of February ends a month that began on the 28th of January, or on the 31st): the first of `anchors` from
 * which a cycle ends then.
 */
export function cycleEndingAt(end: Date, months: 1 | 12, anchors: readonly Date[]): Month {
  for (const anchor of anchors) {
    const { start } = monthAround(anchor, new Date(end.getTime() - 1));
    const n = monthsBetween(anchor, start) + 1;
    if (addMonths(anchor, n).getTime() === end.getTime())
      return { start: addMonths(anchor, n - months), end };
  }
  return { start: addMonths(end, -months), end };
}

function monthsBetween(anchor: Date, start: Date): number {
  return (start.getUTCFullYear() - anchor.getUTCFullYear()) * 12 + start.getUTCMonth() - anchor.getUTCMonth();
}
