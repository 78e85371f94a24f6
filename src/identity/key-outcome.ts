import { actorLabel, type User } from '../core/actor.ts';
import { conflict, notFound, signInNeeded, type DomainError } from '../core/errors.ts';
import type { Origin } from '../core/origin.ts';
import type { Deps } from '../deps.ts';
import { keyIdOf, keyModeOf, newKey } from './api-key.ts';
import type { KeyAuthor, KeyDraft, OutcomeRow } from './key-queries.ts';
import { storedKey, type StoredKey } from './key-schemas.ts';
import { hashOf } from './secrets.ts';

/** What the verbs about keys have in common. */

export type KeyDeps = Pick<Deps, 'db' | 'config' | 'operationId' | 'keys'>;

/** A key that was made: the one time that it is there to be shown. */
export interface MadeKey {
  readonly stored: StoredKey;
  readonly key: string;
}

/** Somebody who is signed in here: a key is bound to who made it. */
export function authorOf({ config }: KeyDeps, origin: Origin, user: User): KeyAuthor {
  const { subject: userId, sessionId } = user;
  if (sessionId === undefined) throw signInNeeded();
  return { userId, issuer: config.tokens.issuer, actor: actorLabel(user), sessionId, origin };
}

/** Its id is the operation's: a request that is made again makes no second key, but gives the first one another secret. */
export async function draftKey(
  { config, operationId }: KeyDeps,
  days: number,
): Promise<{ readonly draft: KeyDraft; readonly key: string }> {
  const id = await keyIdOf(operationId);
  const key = newKey(keyModeOf(config.stripe), id);
  return { draft: { id, secretHash: await hashOf(key), days }, key };
}

/** The key as it is after a function has done what was asked; throws what its outcome means where it has not. */
export function keyAfter(
  [outcome]: readonly OutcomeRow[],
  [row]: readonly { readonly key: unknown }[],
): StoredKey {
  const refusal = refusalOf(outcome?.outcome);
  if (refusal !== undefined) throw refusal;
  return shownKey(row);
}

/** A key that was read. Throws `key_not_found` where there was none. */
export function shownKey(row: { readonly key: unknown } | undefined): StoredKey {
  if (row === undefined) throw keyNotFound();
  return storedKey.parse(row.key);
}

export function keyNotFound(): DomainError {
  return notFound('key_not_found', 'There is no such key.');
}

function refusalOf(outcome: string | undefined): DomainError | undefined {
  switch (outcome) {
    case 'not_found':
      return keyNotFound();
    case 'customer_not_found':
      return notFound('customer_not_found', 'There is no such customer.');
    case 'customer_closed':
      return conflict('customer_closed', 'The account of this customer was deleted.');
    case 'too_many':
      return conflict('too_many_keys', 'There are as many keys as one may have: revoke one first.');
    case 'already_rotated':
      return conflict('key_already_rotated', 'Another key has taken its place already.');
    case 'ended':
      return conflict('key_ended', 'The key is revoked or has expired: make a new one.');
    default:
      return undefined;
  }
}
