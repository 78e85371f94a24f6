import { describeFault } from '../core/log.ts';
import type { Deps } from '../deps.ts';

/** What a message of the queue may be late. */
const delaySecondsAtMost = 43_200;

/**
 * Tells the queue that there is something to do about an event, at once or later. The message says nothing else: when
 * it is lost, or cannot be sent, the scheduled sweep finds the event.
 */
export async function ringDoorbell(
  { webhookQueue, log }: Pick<Deps, 'webhookQueue' | 'log'>,
  eventId: string,
  delaySeconds = 0,
): Promise<void> {
  if (delaySeconds > delaySecondsAtMost) return;
  try {
    await webhookQueue.send({ event_id: eventId }, { delaySeconds });
  } catch (error) {
    log.warn('webhook_doorbell_failed', { event_id: eventId, ...describeFault(error) });
  }
}
