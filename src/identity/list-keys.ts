import { z } from 'zod';
import type { AccountReference } from '../core/actor.ts';
import { decodeEventCursor, page } from '../core/cursor.ts';
import type { Deps } from '../deps.ts';
import { shownKey } from './key-outcome.ts';
import { findKeyById, listKeysBy } from './key-queries.ts';
import { storedKey, type StoredKey } from './key-schemas.ts';

type ReadDeps = Pick<Deps, 'db' | 'config'>;

export interface KeysAsked {
  readonly owner?: string | undefined;
  /** Only keys that act for this customer. */
  readonly customer?: AccountReference | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** One page of keys, newest first, those that are over included. Throws `invalid_cursor`. */
export async function listKeys(
  { db, config }: ReadDeps,
  { owner, customer, limit, cursor }: KeysAsked,
): Promise<{ readonly keys: readonly StoredKey[]; readonly nextCursor: string | null }> {
  const before = cursor === undefined ? undefined : decodeEventCursor(cursor);
  const filter = { owner, customer, before, limit: limit + 1 };
  const { rows } = await db.run(listKeysBy(filter, config.tokens.issuer));
  const found = rows.map(({ key, created_microseconds: at }) => ({
    key: storedKey.parse(key),
    microseconds: z.coerce.number().parse(at),
  }));
  const { entries, nextCursor } = page(found, limit, (entry) => [entry.microseconds, entry.key.id]);
  return { keys: entries.map(({ key }) => key), nextCursor };
}

/** One key. Throws `key_not_found`. */
export async function readKeyById({ db, config }: ReadDeps, id: string): Promise<StoredKey> {
  const [row] = (await db.run(findKeyById(id, config.tokens.issuer))).rows;
  return shownKey(row);
}
