import type { Params } from '../api/parameters.ts';
import { textOrNull } from '../api/values.ts';
import { add, type Context } from '../state/context.ts';
import { newId } from '../state/ids.ts';
import { DAY_SECONDS } from '../state/period.ts';
import type { ObjectTypes } from '../state/wire.ts';

type TestClock = ObjectTypes['test_helpers.test_clock'];

const LIFETIME_SECONDS = 30 * DAY_SECONDS;

/**
 * A clock that stands still at `frozen_time` until it is advanced. The sandbox
 * shows when Stripe would delete it but leaves that to its user.
 */
export function createTestClock(context: Context, params: Params<'testClockCreate'>): TestClock {
  const clock: TestClock = {
    id: newId('clock_1'),
    object: 'test_helpers.test_clock',
    created: context.now(),
    deletes_after: context.now() + LIFETIME_SECONDS,
    frozen_time: params.frozen_time,
    livemode: false,
    name: textOrNull(params.name),
    status: 'ready',
    status_details: {},
  };
  return add(context, clock, 'test_helpers.test_clock.created');
}
