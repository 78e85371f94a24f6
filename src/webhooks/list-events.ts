import type { z } from 'zod';
import type { AccountReference } from '../core/actor.ts';
import { decodeEventCursor, page } from '../core/cursor.ts';
import type { Deps } from '../deps.ts';
import { storedEvent, type eventsAnswer, type EventsQuery } from './admin-schemas.ts';
import { listEvents } from './inbox-queries.ts';

/**
 * One page of the inbox's events that a filter lets through, newest first. Whoever looks has just acted, or is about
 * to: not from the replica. Throws `invalid_cursor`.
 */
export async function listInbox(
  deps: Pick<Deps, 'db'>,
  customer: AccountReference | undefined,
  query: EventsQuery,
): Promise<Omit<z.input<typeof eventsAnswer>, 'success'>> {
  const { status: statuses, type, since, until, received_by: receivedBy, limit, cursor } = query;
  const before = cursor === undefined ? undefined : decodeEventCursor(cursor);
  const filter = { statuses, type, customer, since, until, receivedBy, before, limit: limit + 1 };
  const { rows } = await deps.db.run(listEvents(filter));
  const found = rows.map(({ event, microseconds }) => ({
    event: storedEvent.parse(event),
    microseconds: Number(microseconds),
  }));
  const { entries, nextCursor } = page(found, limit, ({ event, microseconds }) => [
    microseconds,
    event.event_id,
  ]);
  const events = entries.map(({ event }) => event);
  return { events, count: events.length, next_cursor: nextCursor };
}
