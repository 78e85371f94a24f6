import { inLanes } from '../core/lanes.ts';
import { describeFault } from '../core/log.ts';
import { findDueEvents } from './queries.ts';
import { processEvent, type ProcessDeps } from './process-event.ts';
import { ringDoorbells } from './ring-doorbell.ts';

/** As many as one run gets through well within its time. */
const eventsAtOnce = 100;
/** After an outage there are more: the queue has several workers do those, as far as it works. */
const eventsRungFor = 900;

/** Processes what the queue lost and what is due again. For the scheduled job. */
export async function sweepEvents(deps: ProcessDeps): Promise<void> {
  const due = await deps.db.run(findDueEvents(eventsAtOnce + eventsRungFor));
  await ringDoorbells(
    deps,
    due.slice(eventsAtOnce).map(({ eventId }) => eventId),
  );
  await inLanes(due.slice(0, eventsAtOnce), async ({ eventId }) => {
    try {
      await processEvent(deps, eventId);
    } catch (error) {
      deps.log.warn('webhook_event_left', { event_id: eventId, ...describeFault(error) });
    }
  });
}
