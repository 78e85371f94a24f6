import { z } from 'zod';
import { unavailable } from './errors.ts';

/** Where the present comes from; tests bring their own. */
export interface Clock {
  now(): Date;
}

/** The machine's own time: for what guards against others (tokens, signatures), and for how old a copy is. */
export const systemClock: Clock = { now: () => new Date() };

export function addSeconds(moment: Date, seconds: number): Date {
  return new Date(moment.getTime() + seconds * 1000);
}

const timeAnswer = z.object({ seconds_ahead: z.number() });
const answerMilliseconds = 5000;

/**
 * The clock that business goes by: the machine's, or one that is as far ahead of it as the service at this address
 * says (`seconds_ahead`). Asked once, so that one piece of work does not see its time jump.
 * @throws `clock_unavailable` rather than to work at the wrong time
 */
export async function businessClock(url: string | undefined): Promise<Clock> {
  if (url === undefined) return systemClock;
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(answerMilliseconds) });
    const { seconds_ahead } = timeAnswer.parse(await answer.json());
    return { now: () => addSeconds(systemClock.now(), seconds_ahead) };
  } catch (error) {
    throw unavailable('clock_unavailable', 'The clock of CLOCK_URL does not answer.', error);
  }
}
