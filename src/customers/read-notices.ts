import type { z } from 'zod';
import type { AccountReference } from '../core/actor.ts';
import { decodeTimeCursor, page } from '../core/cursor.ts';
import type { Deps } from '../deps.ts';
import type { noticesAnswer, NoticesQuery } from './notice-schemas.ts';
import { expectCustomer } from './expect-customer.ts';
import { findCustomer, listNotices } from './queries.ts';

/** One page of what an account is to be told, newest first. Throws `invalid_cursor`, `customer_not_found`. */
export async function readNotices(
  deps: Pick<Deps, 'replica'>,
  account: AccountReference,
  { limit, cursor }: Omit<NoticesQuery, 'customer'>,
): Promise<Omit<z.input<typeof noticesAnswer>, 'success'>> {
  const before = cursor === undefined ? undefined : decodeTimeCursor(cursor);
  const [[customer], rows] = await deps.replica.batch([
    findCustomer(account),
    listNotices(account, before, limit + 1),
  ]);
  expectCustomer(account, customer?.id);
  const { entries, nextCursor } = page(rows, limit, ({ createdAt, id }) => [createdAt.getTime(), id]);
  const notices = entries.map(({ id, noticeType, data, createdAt }) => ({
    id,
    type: noticeType,
    data: { ...data },
    created_at: createdAt.toISOString(),
  }));
  return { notices, count: notices.length, next_cursor: nextCursor };
}
