import { invalid } from '../../api/errors.ts';
import { own } from '../../api/operations.ts';
import { atClock, testClock, type Clock } from '../../state/clock.ts';
import type { Context } from '../../state/context.ts';
import { addIntervals } from '../../state/period.ts';
import { advanceSandbox, advanceTestClock, monthLater } from '../../time/advance.ts';
import { nextDue } from '../../time/pass.ts';
import type { PageRequest } from '../page.ts';
import { choice } from './answers.ts';

const STEPS = ['hour', 'day', 'week', 'month', 'next'] as const;
const HOUR_SECONDS = 3600;

/** The sandbox's own time, for who goes by it: the Worker in dev and test. */
export function ownTime({ context: { sandboxClock, store } }: PageRequest): object {
  const now = new Date(sandboxClock.now() * 1000).toISOString();
  return { now, seconds_ahead: store.secondsAhead };
}

/** Moves the sandbox's own time ahead. Returns the time that it is then. */
export function advanceOwnTime({ context, fields }: PageRequest): object {
  const { sandboxClock } = context;
  advanceSandbox(context, target(context, sandboxClock, fields));
  return { now: sandboxClock.now() };
}

/** Moves a test clock ahead. Returns it as it is then. */
export function advanceClock({ context, fields, id }: PageRequest): object {
  const clock = own(context, 'test_helpers.test_clock', id);
  advanceTestClock(context, clock, target(context, testClock(context.store, id), fields));
  return own(context, 'test_helpers.test_clock', id);
}

/** Unix seconds: those of `to`, or one step (`by`) after the clock's time. */
function target(context: Context, clock: Clock, fields: URLSearchParams): number {
  const to = Number(fields.get('to') ?? '');
  if (fields.has('to') && Number.isSafeInteger(to)) return to;
  const now = clock.now();
  const by = choice(fields, 'by', STEPS);
  if (by === 'hour') return now + HOUR_SECONDS;
  if (by === 'month') return monthLater(now);
  if (by !== 'next') return addIntervals(now, by, 1);
  const next = nextDue(atClock(context, clock));
  if (!next) throw invalid('Nothing waits for its time.', 'by');
  return next.at;
}
