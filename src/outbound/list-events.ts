import { z } from 'zod';
import type { AccountReference } from '../core/actor.ts';
import { decodeEventCursor, page } from '../core/cursor.ts';
import { notFound } from '../core/errors.ts';
import type { Deps } from '../deps.ts';
import { listEventRows } from './log-queries.ts';
import { listedEvent, type eventsAnswer, type EventsQuery } from './log-schemas.ts';

/** One page of what happened here and was told, newest first. Throws `invalid_cursor`, `customer_not_found`. */
export async function listEvents(
  { db }: Pick<Deps, 'db'>,
  customer: AccountReference | undefined,
  { type: eventType, since, until, limit, cursor }: EventsQuery,
): Promise<Omit<z.input<typeof eventsAnswer>, 'success'>> {
  const before = cursor === undefined ? undefined : decodeEventCursor(cursor);
  const filter = { eventType, customer, since, until, before, limit: limit + 1 };
  const [row] = (await db.run(listEventRows(filter))).rows;
  if (row?.is_known !== true) throw notFound('customer_not_found', 'There is no such customer.');
  const found = z.array(listedEvent).parse(row.events);
  const { entries, nextCursor } = page(found, limit, (entry) => [entry.microseconds, entry.event.id]);
  const events = entries.map(({ event }) => event);
  return { events, count: events.length, next_cursor: nextCursor };
}
