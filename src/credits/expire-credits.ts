import type { Deps } from '../deps.ts';
import { expireAccounts } from './plan-queries.ts';

/** Few enough that no account is locked for long. */
const accountsAtOnce = 100;
/** As many as one run gets through well within its time; the next run, a minute later, goes on. */
const batchesAtMost = 50;

/** Ends the credits and holds whose time is over, a few accounts at a time until none is left. For the scheduled job. */
export async function expireCredits({ db, clock }: Pick<Deps, 'db' | 'clock'>): Promise<void> {
  const now = clock.now();
  for (let batch = 1; batch <= batchesAtMost; batch += 1) {
    const [row] = (await db.run(expireAccounts(accountsAtOnce, now))).rows;
    if (row === undefined || row.looked_at < accountsAtOnce) return;
  }
}
