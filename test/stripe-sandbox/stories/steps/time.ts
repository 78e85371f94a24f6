import { DAY, HOUR } from '../../support.ts';
import { attempt, press, type Play, type Steps } from '../play.ts';

const LEAPS = [HOUR, 2 * HOUR, DAY, 3 * DAY, 7 * DAY, 25 * DAY, 32 * DAY] as const;

export const timeSteps: Steps = {
  'let time pass': [5, passOwnTime],
  'advance a test clock': [9, advanceClock],
  'advance a test clock to what is next': [4, advanceToNext],
};

async function passOwnTime(play: Play): Promise<unknown> {
  const seconds = play.random.pick(LEAPS) + play.random.between(0, 3000);
  return press(play, '/_sandbox/time/advance', { to: String(play.world.now + seconds) });
}

async function advanceClock({ stripe, random, world }: Play): Promise<unknown> {
  const clock = random.find(world.all('test_helpers.test_clock'));
  const seconds = random.pick(LEAPS) + random.between(0, 3000);
  return (
    clock && stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: clock.frozen_time + seconds })
  );
}

async function advanceToNext(play: Play): Promise<unknown> {
  const clock = play.random.find(play.world.all('test_helpers.test_clock'));
  return clock && press(play, `/_sandbox/test-clocks/${clock.id}/advance`, { by: 'next' });
}

/** Lets a month and more pass everywhere. */
export async function settle(play: Play): Promise<unknown> {
  const seconds = 40 * DAY;
  for (const { id, frozen_time } of play.world.all('test_helpers.test_clock')) {
    await attempt(() =>
      play.stripe.testHelpers.testClocks.advance(id, { frozen_time: frozen_time + seconds }),
    );
  }
  return press(play, '/_sandbox/time/advance', { to: String(play.world.now + seconds) });
}
