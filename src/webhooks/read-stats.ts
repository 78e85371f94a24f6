import type { z } from 'zod';
import { malformed } from '../core/errors.ts';
import { addSeconds, systemClock } from '../core/time.ts';
import type { Deps } from '../deps.ts';
import { findStats } from './stats-queries.ts';
import { storedStats, type statsAnswer } from './stats-schemas.ts';

const daySeconds = 86_400;
const daysAtMost = 31;

/**
 * What happened in the inbox within a time, the last day by default, hour by hour, and what waits in it now. By the
 * machine's time, as events are dated. Throws `invalid_query` for a time that is empty or too long.
 */
export async function readStats(
  deps: Pick<Deps, 'db'>,
  asked: { readonly since: string | undefined; readonly until: string | undefined },
): Promise<Omit<z.input<typeof statsAnswer>, 'success'>> {
  const until = asked.until === undefined ? systemClock.now() : new Date(asked.until);
  const since = asked.since === undefined ? addSeconds(until, -daySeconds) : new Date(asked.since);
  const seconds = (until.getTime() - since.getTime()) / 1000;
  if (seconds <= 0 || seconds > daysAtMost * daySeconds) {
    throw malformed('invalid_query', 'The time must end after it begins, and be no longer than 31 days.', [
      { pointer: '?since', code: 'out_of_range', detail: 'up to 31 days before `until`' },
    ]);
  }
  const [row] = (await deps.db.run(findStats({ since, until }))).rows;
  return { since: since.toISOString(), until: until.toISOString(), ...storedStats.parse(row?.stats) };
}
