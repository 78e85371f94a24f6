import type { z } from 'zod';
import type { User } from '../core/actor.ts';
import { decodeTimeCursor, page } from '../core/cursor.ts';
import type { Deps } from '../deps.ts';
import type { noticesAnswer, NoticesQuery } from './notice-schemas.ts';
import { listNotices } from './queries.ts';

/** One page of what a user is to be told, newest first. Throws `invalid_cursor`. */
export async function readNotices(
  deps: Pick<Deps, 'replica'>,
  user: User,
  { limit, cursor }: NoticesQuery,
): Promise<Omit<z.input<typeof noticesAnswer>, 'success'>> {
  const before = cursor === undefined ? undefined : decodeTimeCursor(cursor);
  const rows = await deps.replica.run(listNotices(user, before, limit + 1));
  const { entries, nextCursor } = page(rows, limit, ({ createdAt, id }) => [createdAt.getTime(), id]);
  const notices = entries.map(({ id, noticeType, data, createdAt }) => ({
    id,
    type: noticeType,
    data: { ...data },
    created_at: createdAt.toISOString(),
  }));
  return { notices, count: notices.length, next_cursor: nextCursor };
}
