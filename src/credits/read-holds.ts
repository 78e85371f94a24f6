import { z } from 'zod';
import type { AccountReference } from '../core/actor.ts';
import { decodeTimeCursor, page } from '../core/cursor.ts';
import { expectCustomer } from '../customers/index.ts';
import type { Deps } from '../deps.ts';
import type { HoldsQuery } from './hold-schemas.ts';
import { holdNotFound } from './settle-hold.ts';
import { holdOutcome, type Hold } from './spending-outcome.ts';
import { findHold, listHolds } from './spending-queries.ts';

/** One hold of an account. Throws `hold_not_found`, also for another customer's, and `customer_not_found`. */
export async function readHold(
  deps: Pick<Deps, 'db' | 'clock'>,
  account: AccountReference,
  id: string,
): Promise<Hold> {
  const [row] = (await deps.db.run(findHold(account, id))).rows;
  expectCustomer(account, row?.customer_id ?? null);
  const hold = holdOutcome.nullable().parse(row?.result ?? null);
  if (hold === null) throw holdNotFound();
  return asOf(deps.clock.now(), hold);
}

/** One page of an account's holds, newest first. Throws `invalid_cursor`, `customer_not_found`. */
export async function readHolds(
  deps: Pick<Deps, 'db' | 'clock'>,
  account: AccountReference,
  { status, limit, cursor }: HoldsQuery,
): Promise<{ holds: Hold[]; count: number; next_cursor: string | null }> {
  const before = cursor === undefined ? undefined : decodeTimeCursor(cursor);
  const now = deps.clock.now();
  const [row] = (await deps.db.run(listHolds(account, { status, before, limit: limit + 1 }, now))).rows;
  expectCustomer(account, row?.customer_id ?? null);
  const found = z.array(holdOutcome).parse(row?.result);
  const { entries, nextCursor } = page(found, limit, ({ created_at, id }) => [Date.parse(created_at), id]);
  const holds = entries.map((hold) => asOf(now, hold));
  return { holds, count: holds.length, next_cursor: nextCursor };
}

/** A hold whose time is over has expired, even where nobody has noted it yet. */
function asOf(now: Date, hold: Hold): Hold {
  const isOver = hold.status === 'active' && Date.parse(hold.expires_at) <= now.getTime();
  return isOver ? { ...hold, status: 'expired' } : hold;
}
