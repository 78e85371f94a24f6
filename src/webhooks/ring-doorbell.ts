import { describeFault } from '../core/log.ts';
import type { Deps } from '../deps.ts';
import type { Doorbell } from './schemas.ts';

/** What a message of the queue may be late. */
const delaySecondsAtMost = 43_200;
/** What the queue takes in one call. */
const messagesAtOnce = 100;

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
    await webhookQueue.send({ event_id: eventId } satisfies Doorbell, { delaySeconds });
  } catch (error) {
    log.warn('webhook_doorbell_failed', { event_id: eventId, ...describeFault(error) });
  }
}

/** The same for many events, at once. When the queue takes no more, the sweep has the rest. */
export async function ringDoorbells(
  { webhookQueue, log }: Pick<Deps, 'webhookQueue' | 'log'>,
  eventIds: readonly string[],
): Promise<void> {
  for (let start = 0; start < eventIds.length; start += messagesAtOnce) {
    const messages = eventIds
      .slice(start, start + messagesAtOnce)
      .map((eventId) => ({ body: { event_id: eventId } satisfies Doorbell }));
    try {
      await webhookQueue.sendBatch(messages);
    } catch (error) {
      log.warn('webhook_doorbell_failed', { count: messages.length, ...describeFault(error) });
      return;
    }
  }
}
