import type { AccountReference, User } from '../core/actor.ts';
import type { Origin } from '../core/origin.ts';
import { authorOf, draftKey, keyAfter, type KeyDeps, type MadeKey } from './key-outcome.ts';
import { createKey, findKeyById, type KeyTerms } from './key-queries.ts';

export interface KeyWish extends KeyTerms {
  readonly days: number;
  /** Whom a customer's key is to act for: the user itself, or a customer that an admin names. */
  readonly customer: 'own' | AccountReference | undefined;
}

/**
 * Makes a key, owned by who asks, in one call. It is answered, and kept nowhere.
 * @throws `too_many_keys`, `customer_not_found`, `customer_closed`, `reauthentication_required`
 */
export async function makeKey(
  deps: KeyDeps,
  origin: Origin,
  user: User,
  { days, customer, ...terms }: KeyWish,
): Promise<MadeKey> {
  const author = authorOf(deps, origin, user);
  const { draft, key } = await draftKey(deps, days);
  const [made, found] = await deps.db.batch([
    createKey(author, draft, terms, customer),
    findKeyById(draft.id, author.issuer),
  ]);
  return { stored: keyAfter(made.rows, found.rows), key };
}
