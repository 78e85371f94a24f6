import { invalid } from '../core/errors.ts';
import type { Deps } from '../deps.ts';
import { keyModeOf, readKey } from './api-key.ts';
import { keyNotFound, shownKey } from './key-outcome.ts';
import { findKeyById } from './key-queries.ts';
import type { StoredKey } from './key-schemas.ts';
import { isSameHash, hashOf } from './secrets.ts';

/**
 * Whose a key is that somebody has found, and whether it still opens anything; also of one that is over.
 * @throws `invalid_key` for what is no key of this installation, by its form, mode and checksum; `key_not_found`
 */
export async function identifyKey(
  { db, config }: Pick<Deps, 'db' | 'config'>,
  text: string,
): Promise<StoredKey> {
  const key = readKey(text);
  if (key === undefined) throw invalidKey('has not the form of a key, or another checksum');
  const mode = keyModeOf(config.stripe);
  if (key.mode !== mode) throw invalidKey(`is of another mode: keys here begin with rc_${mode}_`);
  const [row] = (await db.run(findKeyById(key.id, config.tokens.issuer))).rows;
  if (row === undefined || !isSameHash(row.secret_hash, await hashOf(text))) throw keyNotFound();
  return shownKey(row);
}

function invalidKey(detail: string) {
  return invalid('invalid_key', 'This is no key of this installation.', [
    { pointer: '/key', code: 'invalid_key', detail },
  ]);
}
