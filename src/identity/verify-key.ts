import type { User } from '../core/actor.ts';
import { invalidToken } from '../core/errors.ts';
import type { Deps } from '../deps.ts';
import { keyModeOf, readKey } from './api-key.ts';
import { findUsableKey, noteKeyUse, type UsableKeyRow } from './key-queries.ts';
import { keyScope } from './key-schemas.ts';
import { hashOf, isSameHash } from './secrets.ts';

export interface VerifiedKey {
  readonly user: User;
  readonly machine: string;
  /** Notes that the key is used, where that is due. */
  readonly afterwards?: (deps: Deps) => Promise<void>;
}

/**
 * Who an API key proves: its customer, or a service. One call to the database, or none for a key that this isolate has
 * asked about within the last seconds; none either for what is no key of this installation.
 * @throws `invalid_token`
 */
export async function verifyKey(deps: Deps, text: string, mayAsk: () => void): Promise<VerifiedKey> {
  const { config, counts, keys } = deps;
  const key = readKey(text);
  if (key === undefined || key.mode !== keyModeOf(config.stripe)) throw invalidToken();
  const machine = JSON.stringify([config.tokens.issuer, `key_${key.id}`]);
  const hash = await hashOf(text);
  const remembered = keys.recall(hash);
  if (remembered !== undefined) {
    counts.add('api_key_checks', 'memory');
    return { user: remembered, machine };
  }
  mayAsk();
  counts.add('api_key_checks', 'database');
  const askedAt = keys.now();
  const [row] = (await deps.db.run(findUsableKey(key.id, config.tokens.issuer))).rows;
  if (row === undefined || !isSameHash(row.secret_hash, hash)) throw invalidToken();
  const user = userOf(key.id, row, config.tokens.issuer);
  keys.keep(hash, user, askedAt, row.seconds_left);
  if (!row.is_note_due) return { user, machine };
  return {
    user,
    machine,
    afterwards: async ({ db }) => {
      await db.run(noteKeyUse(key.id));
    },
  };
}

/** A customer's key acts as its customer, a service's by its own name. */
function userOf(id: string, row: UsableKeyRow, ownIssuer: string): User {
  const { issuer, subject, scopes, family } = row;
  const isCustomer = issuer !== null && subject !== null;
  return {
    kind: 'user',
    ...(isCustomer
      ? { role: 'customer', issuer, subject }
      : { role: 'service', issuer: ownIssuer, subject: `key_${id}` }),
    email: undefined,
    // A scope that is no more opens nothing.
    scopes: scopes.flatMap((scope) => keyScope.safeParse(scope).data ?? []),
    keyId: id,
    principal: JSON.stringify([ownIssuer, `key_${family}`]),
  };
}
