import { addSeconds } from '../core/time.ts';
import type { Deps } from '../deps.ts';
import { cleanPayloads, forgetOldFigures } from './retention-queries.ts';

/** What one statement gets through well within its time. */
const eventsPerBatch = 1000;
/** The rest of a large inbox is done an hour later. */
const batchesPerRun = 50;
const daySeconds = 86_400;

/**
 * Clears the payloads, with the personal data in them, of events that ended before the configured time: id, type and
 * outcome stay. What has failed, or is to be processed, keeps what it needs. Old figures go, too. For the scheduled job.
 */
export async function cleanInbox({
  db,
  clock,
  config,
  log,
}: Pick<Deps, 'db' | 'clock' | 'config' | 'log'>): Promise<void> {
  await db.run(forgetOldFigures());
  const before = addSeconds(clock.now(), -config.webhookPayloadDays * daySeconds);
  let cleaned = 0;
  for (let batch = 1; batch <= batchesPerRun; batch += 1) {
    const events = await db.run(cleanPayloads(before, eventsPerBatch));
    cleaned += events.length;
    if (events.length < eventsPerBatch) break;
  }
  if (cleaned > 0) log.info('webhook_payloads_cleaned', { count: cleaned });
}
