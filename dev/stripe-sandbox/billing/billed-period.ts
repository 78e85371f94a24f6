import { cycleAround } from '../state/period.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { recurrenceOf } from '../objects/subscription.ts';

export interface BilledPeriod {
  readonly start: number;
  readonly end: number;
  /** Which part of a whole billing cycle it is: 1, or less when it begins late or ends early. */
  readonly share: number;
}

/**
 * The period of a price that is billed at `start`: up to the end of the billing
 * cycle, or up to `until` when that comes first. Unix seconds.
 */
export function billedPeriod(
  price: ObjectTypes['price'],
  { anchor, start, until }: { anchor: number; start: number; until: number | null },
): BilledPeriod {
  const cycle = cycleAround(anchor, recurrenceOf(price), start);
  const end = until !== null && until > start ? Math.min(until, cycle.end) : cycle.end;
  return { start, end, share: (end - start) / (cycle.end - cycle.start) };
}
