import type { Deps } from '../deps.ts';
import {
  clearSealedSuccessors,
  deleteOldAuthEvents,
  deleteOldRefreshTokens,
  deleteOldSessions,
} from './retention-queries.ts';

const rowsAtOnce = 1000;
/** A run that gets no further is followed by the next, an hour later. */
const rounds = 50;

const steps = [clearSealedSuccessors, deleteOldRefreshTokens, deleteOldSessions, deleteOldAuthEvents];

/**
 * Deletes what is kept of sign-ins once nobody needs it: events after a year, sessions and their tokens some time
 * after their end. For the scheduled job.
 */
export async function forgetOldSignIns({ db }: Pick<Deps, 'db'>): Promise<void> {
  for (const step of steps) {
    for (let round = 1; round <= rounds; round += 1) {
      const { rows } = await db.run(step(rowsAtOnce));
      if ((rows[0]?.count ?? 0) < rowsAtOnce) break;
    }
  }
}
