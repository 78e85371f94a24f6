import type { Actor } from '../core/actor.ts';
import type { Deps } from '../deps.ts';
import { actOf, actOnEvent, type ListedEvent } from './act-on-event.ts';
import { ignoreByAdmin } from './action-queries.ts';

/**
 * Sets an event aside that failed, is dead, or waits: nothing is done about it any more.
 * @throws DomainError `event_not_found`, `already_processed`, `already_ignored`, `in_progress`
 */
export function setEventAside(
  deps: Pick<Deps, 'db' | 'requestId' | 'operationId'>,
  actor: Actor,
  { eventId, reason }: { readonly eventId: string; readonly reason: string },
): Promise<ListedEvent> {
  return actOnEvent(deps, ignoreByAdmin(eventId, actOf(deps, actor, reason)));
}
