import { invalid } from '../api/errors.ts';
import { atClock, testClock } from '../state/clock.ts';
import { change, type Context } from '../state/context.ts';
import { addIntervals, DAY_SECONDS } from '../state/period.ts';
import type { Store } from '../state/store.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { letPass } from './pass.ts';

type TestClock = ObjectTypes['test_helpers.test_clock'];

const HOUR_SECONDS = 3600;

/**
 * Advances a test clock to `until` (Unix seconds): all that is due on it happens
 * in order before this returns. Returns the clock as it was when it began to
 * advance, which is what Stripe answers. Throws Stripe's 400 for an instant that
 * is not later, or too far (https://docs.stripe.com/billing/testing/test-clocks).
 */
export function advanceTestClock(context: Context, clock: TestClock, until: number): TestClock {
  checkAdvance(context.store, clock, until);
  const advancing = change(
    context,
    clock,
    { status: 'advancing', status_details: { advancing: { target_frozen_time: until } } },
    'test_helpers.test_clock.advancing',
  );
  letPass(atClock(context, testClock(context.store, clock.id)), until);
  change(
    context,
    advancing,
    { frozen_time: until, status: 'ready', status_details: {} },
    'test_helpers.test_clock.ready',
  );
  return advancing;
}

/**
 * Moves the sandbox's own time ahead to `until` (Unix seconds), after all that
 * is due on it by then. Throws a 400 for an instant that is not later, or more
 * than two years later: nobody waits for what happens in a thousand.
 */
export function advanceSandbox(context: Context, until: number): void {
  const { store, sandboxClock } = context;
  if (until <= sandboxClock.now()) throw invalid('The time must be after the current time.', 'to');
  if (until > addIntervals(sandboxClock.now(), 'year', 2)) {
    throw invalid('The time must be at most two years after the current time.', 'to');
  }
  letPass(atClock(context, sandboxClock), until);
  store.moveAhead(until - sandboxClock.now());
}

/**
 * A month after `start` (Unix seconds) and a little more than the hour for
 * which the draft of a renewal waits. From the last day of a month it leads to
 * the last day of the next, so that each step takes every monthly subscription
 * through one renewal, whatever its day.
 */
export function monthLater(start: number): number {
  const isLastDay = new Date((start + DAY_SECONDS) * 1000).getUTCDate() === 1;
  const later = isLastDay
    ? addIntervals(start + DAY_SECONDS, 'month', 1) - DAY_SECONDS
    : addIntervals(start, 'month', 1);
  return later + HOUR_SECONDS + 60;
}

function checkAdvance(store: Store, clock: TestClock, until: number): void {
  if (clock.status !== 'ready') {
    throw invalid('You can only advance a test clock whose status is `ready`.');
  }
  if (until <= clock.frozen_time) {
    throw invalid(
      `The \`frozen_time\` must be after the test clock's current frozen time of ${clock.frozen_time}.`,
      'frozen_time',
    );
  }
  const limit = latestAdvance(store, clock);
  if (until > limit) {
    throw invalid(
      `The \`frozen_time\` cannot be more than two intervals in the future from the shortest subscription in this test clock, or two years without subscriptions: ${limit} at most.`,
      'frozen_time',
    );
  }
}

/** Two intervals of the shortest subscription that lives on the clock; two years when there is none. */
function latestAdvance(store: Store, clock: TestClock): number {
  const ends = store
    .all('subscription')
    .filter(({ test_clock, ended_at }) => test_clock === clock.id && ended_at === null)
    .flatMap(({ items }) => items.data)
    .map(({ plan }) => addIntervals(clock.frozen_time, plan.interval, plan.interval_count * 2));
  return Math.min(addIntervals(clock.frozen_time, 'year', 2), ...ends);
}
