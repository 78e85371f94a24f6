import { z } from 'zod';
import type { User } from '../core/actor.ts';
import { decodeMicrosecondCursor, page } from '../core/cursor.ts';
import type { Deps } from '../deps.ts';
import { listOwnSessions } from './own-session-queries.ts';
import { listedSession, type ownSessionsAnswer, type OwnSessionsQuery } from './own-session-schemas.ts';
import { ownSessionOf } from './own-session.ts';

/** One page of the sessions of who asks that may be used, newest first. Throws `invalid_cursor`, `no_account`. */
export async function listSessions(
  { db }: Pick<Deps, 'db'>,
  user: User,
  { limit, cursor }: OwnSessionsQuery,
): Promise<Omit<z.input<typeof ownSessionsAnswer>, 'success'>> {
  const before = cursor === undefined ? undefined : decodeMicrosecondCursor(cursor);
  const rows = await db.run(listOwnSessions(ownSessionOf(user), { before, limit: limit + 1 }));
  const found = z.array(listedSession).parse(rows.rows);
  const { entries, nextCursor } = page(found, limit, (entry) => [entry.microseconds, entry.session.id]);
  const sessions = entries.map(({ session }) => session);
  return { sessions, count: sessions.length, next_cursor: nextCursor };
}
