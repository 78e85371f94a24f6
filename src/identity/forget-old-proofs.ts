import { onlyRow } from '../db/index.ts';
import type { Deps } from '../deps.ts';
import { forgetProofs } from './account-queries.ts';

const rowsAtOnce = 1000;
/** A run that gets no further is followed by the next, an hour later. */
const rounds = 20;

/** Deletes links, sign-ups that nobody ever proved, and counters, all long over. For the scheduled job. */
export async function forgetOldProofs({ db }: Pick<Deps, 'db'>): Promise<void> {
  for (let round = 1; round <= rounds; round += 1) {
    const { deleted } = onlyRow((await db.run(forgetProofs(rowsAtOnce))).rows);
    if (deleted < rowsAtOnce) return;
  }
}
