import type { User } from '../core/actor.ts';
import type { Origin } from '../core/origin.ts';
import { authorOf, draftKey, keyAfter, type KeyDeps, type MadeKey } from './key-outcome.ts';
import { findKeyById, rotateKey as rotate } from './key-queries.ts';

export interface Rotation {
  readonly id: string;
  readonly overlapHours: number;
  readonly days: number;
  /** Only a key that acts for the user's own customer. */
  readonly onlyOwn: boolean;
}

/**
 * Makes a key that takes another one's place: the same name, scopes and customer, owned by who asks. The old one goes
 * on for a while. Of several at once one makes the successor.
 * @throws `key_not_found`, `key_already_rotated`, `key_ended`, `reauthentication_required`
 */
export async function rotateKey(
  deps: KeyDeps,
  origin: Origin,
  user: User,
  { id, overlapHours, days, onlyOwn }: Rotation,
): Promise<MadeKey> {
  const author = authorOf(deps, origin, user);
  const { draft, key } = await draftKey(deps, days);
  const [rotated, found] = await deps.db.batch([
    rotate(author, id, { ...draft, overlapHours }, onlyOwn),
    findKeyById(draft.id, author.issuer),
  ]);
  const stored = keyAfter(rotated.rows, found.rows);
  // It has another end now.
  deps.keys.forget(id);
  return { stored, key };
}
