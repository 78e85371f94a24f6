import { addSeconds } from '../core/time.ts';
import type { Deps } from '../deps.ts';
import { deleteToldEvents } from './delivery-queries.ts';

const eventsAtOnce = 1000;
/** A run that gets no further is followed by the next, an hour later. */
const rounds = 20;

/**
 * Deletes events, with their deliveries, that are as old as payloads of the inbox may be, and that nobody is still to be
 * told. For the scheduled job.
 */
export async function deleteOldEvents(deps: Pick<Deps, 'db' | 'clock' | 'config'>): Promise<void> {
  const before = addSeconds(deps.clock.now(), -deps.config.webhookPayloadDays * 86_400);
  for (let round = 1; round <= rounds; round += 1) {
    const { rows } = await deps.db.run(deleteToldEvents(before, eventsAtOnce));
    if ((rows[0]?.deleted ?? 0) < eventsAtOnce) return;
  }
}
