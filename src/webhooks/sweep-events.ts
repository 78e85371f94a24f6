import { describeFault } from '../core/log.ts';
import { buryAbandonedEvents, findDueEvents } from './queries.ts';
import { processEvent, type ProcessDeps } from './process-event.ts';

/** As many as one run gets through well within its time. */
const eventsAtOnce = 100;
/** A Worker holds six connections open at a time. */
const lanes = 6;

/** Processes what the queue lost and what is due again. For the scheduled job. */
export async function sweepEvents(deps: ProcessDeps): Promise<void> {
  const [buried, due] = await deps.db.batch([buryAbandonedEvents(), findDueEvents(eventsAtOnce)]);
  for (const { eventId, eventType } of buried) {
    deps.log.error('webhook_event_dead', { event_id: eventId, event_type: eventType, code: 'worker_lost' });
  }
  await processEvents(
    deps,
    due.map(({ eventId }) => eventId),
  );
}

/** Processes several events, a few at a time. One that cannot be processed does not stop the others. */
export async function processEvents(deps: ProcessDeps, eventIds: readonly string[]): Promise<void> {
  const waiting = [...eventIds];
  const lane = async (): Promise<void> => {
    for (let eventId = waiting.shift(); eventId !== undefined; eventId = waiting.shift()) {
      try {
        await processEvent(deps, eventId);
      } catch (error) {
        deps.log.warn('webhook_event_left', { event_id: eventId, ...describeFault(error) });
      }
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}
