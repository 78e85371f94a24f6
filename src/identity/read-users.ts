import { z } from 'zod';
import { decodeMicrosecondCursor, page } from '../core/cursor.ts';
import { notFound, type DomainError } from '../core/errors.ts';
import type { Deps } from '../deps.ts';
import { findUser, listUserEventRows, listUserRows } from './user-queries.ts';
import {
  listedAuthEvent,
  listedUser,
  storedUser,
  type StoredUser,
  type userEventsAnswer,
  type UserEventsQuery,
  type usersAnswer,
  type UsersQuery,
} from './user-schemas.ts';

type Reading = Pick<Deps, 'db'>;

/** One page of the accounts that fit, newest first. Throws `invalid_cursor`. */
export async function listUsers(
  { db }: Reading,
  { search, role, status, locked: isLocked, limit, cursor }: UsersQuery,
): Promise<Omit<z.input<typeof usersAnswer>, 'success'>> {
  const before = cursor === undefined ? undefined : decodeMicrosecondCursor(cursor);
  const filter = { search, role, status, isLocked, before, limit: limit + 1 };
  const found = z.array(listedUser).parse((await db.run(listUserRows(filter))).rows);
  const { entries, nextCursor } = page(found, limit, (entry) => [entry.microseconds, entry.person.id]);
  const users = entries.map(({ person }) => person);
  return { users, count: users.length, next_cursor: nextCursor };
}

/** Throws `user_not_found`. */
export async function readUser({ db }: Reading, id: string): Promise<StoredUser> {
  return shownUser((await db.run(findUser(id))).rows);
}

/** One page of what happened to an account, newest first. Throws `user_not_found`, `invalid_cursor`. */
export async function listUserEvents(
  { db }: Reading,
  userId: string,
  { type: eventType, limit, cursor }: UserEventsQuery,
): Promise<Omit<z.input<typeof userEventsAnswer>, 'success'>> {
  const before = cursor === undefined ? undefined : decodeMicrosecondCursor(cursor);
  const [row] = (await db.run(listUserEventRows({ userId, eventType, before, limit: limit + 1 }))).rows;
  if (row?.is_known !== true) throw userNotFound();
  const found = z.array(listedAuthEvent).parse(row.events);
  const { entries, nextCursor } = page(found, limit, (entry) => [entry.microseconds, entry.event.id]);
  const events = entries.map(({ event }) => event);
  return { events, count: events.length, next_cursor: nextCursor };
}

/** An account that was read. Throws `user_not_found` where there is none. */
export function shownUser([row]: readonly { readonly person: unknown }[]): StoredUser {
  if (row === undefined) throw userNotFound();
  return storedUser.parse(row.person);
}

export function userNotFound(): DomainError {
  return notFound('user_not_found', 'There is no such account.');
}
