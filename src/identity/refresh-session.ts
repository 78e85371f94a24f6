import { invalidToken } from '../core/errors.ts';
import { describeFault } from '../core/log.ts';
import type { Origin } from '../core/origin.ts';
import { SealBroken } from '../core/seal.ts';
import { onlyRow } from '../db/index.ts';
import type { Deps } from '../deps.ts';
import { sessionOf, type OpenedSession } from './open-session.ts';
import { hashOf, newSecret } from './secrets.ts';
import { rotateRefreshToken } from './session-queries.ts';

/** What a successor is sealed with: it opens in the row of the token that it follows. */
const successorPurpose = (tokenHash: string) => `refresh:${tokenHash}`;

/**
 * Exchanges a refresh token for the next one, in one call. Of several exchanges at once all get the same successor, and
 * so does who comes again within 10 s because the answer was lost; later on the session ends, for somebody has a copy.
 * @throws `invalid_token`
 */
export async function refreshSession(
  deps: Deps,
  origin: Origin,
  { refreshToken }: { readonly refreshToken: string },
): Promise<OpenedSession> {
  const hash = await hashOf(refreshToken);
  const successor = newSecret('refreshToken');
  const rotation = rotateRefreshToken({
    hash,
    newHash: await hashOf(successor),
    sealedSuccessor: await deps.sealing.seal(successor, successorPurpose(hash)),
    origin,
  });
  const row = onlyRow((await deps.db.run(rotation)).rows);
  if (row.outcome === 'rotated') return sessionOf(deps, row, 'token', successor);
  if (row.outcome !== 'repeated' || row.sealed_successor === null) throw invalidToken();
  return sessionOf(deps, row, 'token', await openSuccessor(deps, row.sealed_successor, hash));
}

/** What was sealed by a key that is gone nobody can be told again: its owner signs in anew, and the operator knows why. */
async function openSuccessor({ sealing, log }: Deps, sealed: string, hash: string): Promise<string> {
  try {
    return await sealing.open(sealed, successorPurpose(hash));
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
    log.error('fault', { code: 'successor_broken', ...describeFault(error) });
    throw invalidToken();
  }
}
