import { decodeCursor, page } from '../core/cursor.ts';
import type { Deps } from '../deps.ts';
import { findHistory, type HistoryFilter } from './queries.ts';

export interface HistoryInput extends Omit<HistoryFilter, 'before'> {
  readonly cursor: string | undefined;
}

/** A page of what was changed, the newest first. From the replica: it may lag behind. */
export async function listHistory(
  deps: Pick<Deps, 'replica'>,
  { cursor, ...filter }: HistoryInput,
): Promise<{ entries: readonly HistoryEntry[]; nextCursor: string | null }> {
  const before = cursor === undefined ? undefined : decodeCursor(cursor);
  const rows = await deps.replica.run(findHistory({ ...filter, before }));
  return page(rows, filter.limit, ({ id }) => id);
}

type HistoryEntry = Awaited<ReturnType<typeof findHistory>>[number];
