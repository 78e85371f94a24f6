import { inLanes } from '../core/lanes.ts';
import { describeFault } from '../core/log.ts';
import { findDueEvents } from './queries.ts';
import { processEvent, type Allowance, type ProcessDeps } from './process-event.ts';
import { ringDoorbells } from './ring-doorbell.ts';

/** As many as one run gets through well within its time, and within what it may ask of others. */
const eventsAtOnce = 100;
/** After an outage there are more: the queue has several workers do those, as far as it works. */
const eventsRungFor = 900;

/** Processes what the queue lost and what is due again. For the scheduled job. */
export async function sweepEvents(deps: ProcessDeps): Promise<void> {
  const due = (await deps.db.run(findDueEvents(eventsAtOnce + eventsRungFor))).rows.map(
    (row) => row.event_id,
  );
  await ringDoorbells(deps, due.slice(eventsAtOnce));
  // What follows an event, of the same customer, is done with it, and counts.
  const allowance: Allowance = { left: eventsAtOnce };
  const left: string[] = [];
  await inLanes(due.slice(0, eventsAtOnce), async (eventId) => {
    if (allowance.left > 0) await processOne(deps, eventId, allowance);
    else left.push(eventId);
  });
  await ringDoorbells(deps, left);
}

async function processOne(deps: ProcessDeps, eventId: string, allowance: Allowance): Promise<void> {
  try {
    await processEvent(deps, eventId, allowance);
  } catch (error) {
    deps.log.warn('webhook_event_left', { event_id: eventId, ...describeFault(error) });
  }
}
