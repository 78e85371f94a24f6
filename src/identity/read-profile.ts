import { z } from 'zod';
import type { User } from '../core/actor.ts';
import { decodeMicrosecondCursor, page } from '../core/cursor.ts';
import type { Origin } from '../core/origin.ts';
import { onlyRow } from '../db/index.ts';
import type { Deps } from '../deps.ts';
import { ownSessionOf } from './own-session.ts';
import { changeName, findProfile, listOwnEvents } from './profile-queries.ts';
import {
  listedOwnEvent,
  storedProfile,
  type ownEventsAnswer,
  type OwnEventsQuery,
  type Profile,
} from './profile-schemas.ts';

/** The account of who asks. Throws `no_account`. */
export async function readProfile({ db }: Pick<Deps, 'db'>, user: User): Promise<Profile> {
  const { rows } = await db.run(findProfile(ownSessionOf(user).userId));
  return storedProfile.parse(onlyRow(rows).profile);
}

/** Changes what may be changed without a proof, and answers the account. Throws `no_account`. */
export async function changeProfile(
  { db }: Pick<Deps, 'db'>,
  origin: Origin,
  user: User,
  { name }: { readonly name: string | null },
): Promise<Profile> {
  const own = ownSessionOf(user);
  const [, { rows }] = await db.batch([changeName(own, name, origin), findProfile(own.userId)]);
  return storedProfile.parse(onlyRow(rows).profile);
}

/** One page of what happened to the account of who asks, newest first. Throws `invalid_cursor`, `no_account`. */
export async function readOwnEvents(
  { db }: Pick<Deps, 'db'>,
  user: User,
  { type: eventType, limit, cursor }: OwnEventsQuery,
): Promise<Omit<z.input<typeof ownEventsAnswer>, 'success'>> {
  const before = cursor === undefined ? undefined : decodeMicrosecondCursor(cursor);
  const { userId } = ownSessionOf(user);
  const { rows } = await db.run(listOwnEvents({ userId, eventType, before, limit: limit + 1 }));
  const found = z.array(listedOwnEvent).parse(rows);
  const { entries, nextCursor } = page(found, limit, (entry) => [entry.microseconds, entry.event.id]);
  const events = entries.map(({ event }) => event);
  return { events, count: events.length, next_cursor: nextCursor };
}
