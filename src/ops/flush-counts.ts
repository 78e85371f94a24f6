import { systemClock } from '../core/time.ts';
import type { Deps } from '../deps.ts';
import { addCounts, sumUpChanges } from './metric-queries.ts';

/**
 * Writes down what the isolate has counted. What cannot be written is counted again, and written with the next. (If only
 * the answer was lost, that is twice: these figures are about right, and no books.)
 */
export async function flushCounts({ db, counts }: Pick<Deps, 'db' | 'counts'>): Promise<void> {
  const rows = counts.take(systemClock.now());
  if (rows.length === 0) return;
  try {
    await db.run(addCounts(rows));
  } catch (error) {
    counts.putBack(rows);
    throw error;
  }
}

/** Sums up what has happened, so that who asks for metrics need not add it up. For the scheduled job. */
export async function rollUpMetrics({ db }: Pick<Deps, 'db'>): Promise<void> {
  await db.run(sumUpChanges());
}
