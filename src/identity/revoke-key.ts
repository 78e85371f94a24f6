import type { User } from '../core/actor.ts';
import type { Origin } from '../core/origin.ts';
import { authorOf, keyAfter, type KeyDeps } from './key-outcome.ts';
import { findKeyById, revokeKey as revoke } from './key-queries.ts';
import type { StoredKey } from './key-schemas.ts';

/**
 * Ends a key: at once here, and everywhere as soon as its verification is no longer remembered. One that is revoked
 * stays as it is. `onlyOwn`: only a key that acts for the user's own customer.
 * @throws `key_not_found`, `reauthentication_required`
 */
export async function revokeKey(
  deps: KeyDeps,
  origin: Origin,
  user: User,
  { id, onlyOwn }: { readonly id: string; readonly onlyOwn: boolean },
): Promise<StoredKey> {
  const author = authorOf(deps, origin, user);
  const [revoked, found] = await deps.db.batch([revoke(author, id, onlyOwn), findKeyById(id, author.issuer)]);
  const stored = keyAfter(revoked.rows, found.rows);
  deps.keys.forget(id);
  return stored;
}
