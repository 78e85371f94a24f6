import { DomainError } from '../core/errors.ts';
import type { Origin } from '../core/origin.ts';
import { onlyRow } from '../db/index.ts';
import type { Deps } from '../deps.ts';
import { requireWithin } from './limits.ts';
import { draftSession, sessionOf, type OpenedSession } from './open-session.ts';
import { hashOf, newSecret } from './secrets.ts';
import { beginSignIn, endSignIn, type SessionKind } from './sign-in-queries.ts';

export interface SignIn {
  /** In lower case. */
  readonly email: string;
  readonly password: string;
  readonly kind: SessionKind;
}

/** A session, or a challenge: worth five tries at a code, for five minutes. */
export type SignInOutcome =
  { readonly session: OpenedSession } | { readonly challenge: string; readonly expiresInSeconds: number };

const challengeSeconds = 5 * 60;

/** How often a password is compared that is changed, or hashed anew, by somebody else meanwhile. */
const looksAtMost = 3;

/**
 * Two calls, and one hashing, whoever asks: what is unknown, wrong, locked, disabled and unverified looks the same.
 * @throws `invalid_credentials`, `too_many_requests`
 */
export async function signIn(deps: Deps, origin: Origin, input: SignIn): Promise<SignInOutcome> {
  for (let look = 1; look <= looksAtMost; look += 1) {
    const outcome = await trySignIn(deps, origin, input);
    if (outcome !== 'changed') return outcome;
  }
  throw invalidCredentials();
}

/** `changed`: the password is another one, or hashed otherwise, than when it was compared. */
async function trySignIn(deps: Deps, origin: Origin, input: SignIn): Promise<SignInOutcome | 'changed'> {
  const { email, password, kind } = input;
  const found = onlyRow((await deps.db.run(beginSignIn(email, await hashOf(email), origin))).rows);
  requireWithin(deps, 'sign-in', found);
  const { isRight, isOutdated } = await deps.passwords.compare(password, found.password_hash ?? undefined);
  const draft = await draftSession(kind);
  const challenge = newSecret('challenge');
  const end = endSignIn({
    userId: found.user_id,
    comparedHash: found.password_hash,
    isRight,
    newHash: isRight && isOutdated ? await deps.passwords.hash(password) : null,
    session: draft.row,
    challengeHash: await hashOf(challenge),
    origin,
  });
  const row = onlyRow((await deps.db.run(end)).rows);
  if (row.outcome === 'second_factor') return { challenge, expiresInSeconds: challengeSeconds };
  if (row.outcome === 'changed') return 'changed';
  if (row.outcome !== 'signed_in') throw invalidCredentials();
  return { session: await sessionOf(deps, row, kind, draft.secret) };
}

function invalidCredentials(): DomainError {
  return new DomainError(
    'unauthenticated',
    'invalid_credentials',
    'The address or the password is wrong, or this account cannot be used now.',
  );
}
