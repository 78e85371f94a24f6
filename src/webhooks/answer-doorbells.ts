import { processEvents } from './sweep-events.ts';
import type { ProcessDeps } from './process-event.ts';
import { doorbell } from './schemas.ts';

/**
 * Processes the events that messages of the queue name. Whatever becomes of them, the messages have done their work:
 * what is left to do stands in the inbox.
 */
export async function answerDoorbells(deps: ProcessDeps, messages: readonly unknown[]): Promise<void> {
  const eventIds = messages.flatMap((message) => doorbell.safeParse(message).data?.event_id ?? []);
  await processEvents(deps, eventIds);
}
