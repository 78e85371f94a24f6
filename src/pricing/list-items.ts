import { decodePairCursor, page } from '../core/cursor.ts';
import type { Deps } from '../deps.ts';
import type { Item, ItemType } from './items.ts';
import { findItems } from './queries.ts';
import { parseItems } from './write-item.ts';

export interface ItemListInput {
  readonly isActive: boolean | undefined;
  readonly cursor: string | undefined;
  readonly limit: number;
}

/** A page of items, archived ones included, by sort order and key. From the replica: it may lag behind. */
export async function listItems(
  deps: Pick<Deps, 'replica' | 'clock'>,
  type: ItemType,
  { isActive, cursor, limit }: ItemListInput,
): Promise<{ entries: readonly Item[]; nextCursor: string | null }> {
  const after = cursor === undefined ? undefined : decodePairCursor(cursor);
  const found = await deps.replica.run(findItems(type, { isActive, after, limit }, deps.clock.now()));
  return page(parseItems(found), limit, ({ sort_order, key }) => [sort_order, key]);
}
