import { describeFault } from '../core/log.ts';
import { inLanes } from '../core/lanes.ts';
import { processEvent, type ProcessDeps } from './process-event.ts';
import { doorbell } from './schemas.ts';

/** A message of the queue, of which nobody can say what is in it. */
export type Message = Pick<globalThis.Message, 'body' | 'ack' | 'retry'>;

/** While the database does not answer, nothing is known of the event. */
const unansweredDelaySeconds = 30;
/** What a message may be late: an event that is due later is left to the scheduled sweep. */
const delaySecondsAtMost = 43_200;

/**
 * Processes the events that messages of the queue name, a few at a time. The inbox is the truth: a message that comes
 * twice, late or never changes nothing. One whose event has failed comes again when that is due.
 */
export async function answerDoorbells(deps: ProcessDeps, messages: readonly Message[]): Promise<void> {
  await inLanes(messages, async (message) => {
    const eventId = doorbell.safeParse(message.body).data?.event_id;
    const delaySeconds = eventId === undefined ? null : await secondsUntilAgain(deps, eventId);
    if (delaySeconds === null || delaySeconds > delaySecondsAtMost) message.ack();
    else message.retry({ delaySeconds });
  });
}

async function secondsUntilAgain(deps: ProcessDeps, eventId: string): Promise<number | null> {
  try {
    return await processEvent(deps, eventId);
  } catch (error) {
    deps.log.warn('webhook_event_left', { event_id: eventId, ...describeFault(error) });
    return unansweredDelaySeconds;
  }
}
