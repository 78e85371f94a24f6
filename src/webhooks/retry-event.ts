import type { Actor } from '../core/actor.ts';
import type { Deps } from '../deps.ts';
import { actOf, actOnEvent, type ListedEvent } from './act-on-event.ts';
import { retryByAdmin } from './action-queries.ts';
import { ringDoorbell } from './ring-doorbell.ts';

/**
 * Has an event looked at anew, at once and with all its tries before it: one that failed, is dead, waits, or was
 * ignored for whatever reason.
 * @throws DomainError `event_not_found`, `already_processed`, `in_progress`, `payload_cleaned`
 */
export async function retryEvent(
  deps: Pick<Deps, 'db' | 'requestId' | 'operationId' | 'webhookQueue' | 'log' | 'waitUntil'>,
  actor: Actor,
  { eventId, reason }: { readonly eventId: string; readonly reason: string | undefined },
): Promise<ListedEvent> {
  const event = await actOnEvent(deps, retryByAdmin(eventId, actOf(deps, actor, reason)));
  deps.waitUntil(ringDoorbell(deps, eventId));
  return event;
}
