import { DomainError, foreignOrigin } from '../core/errors.ts';
import type { Origin } from '../core/origin.ts';
import { onlyRow } from '../db/index.ts';
import type { Deps } from '../deps.ts';
import { readCode, type CodeInput } from './codes.ts';
import { draftSession, sessionOf, type OpenedSession } from './open-session.ts';
import { hashOf } from './secrets.ts';
import { endSecondFactor, trySecondFactor } from './sign-in-queries.ts';

interface SecondHalf extends CodeInput {
  readonly challenge: string;
  /** Whether a page of ours asks: nobody else is given a cookie. */
  readonly isFromOwnPage: boolean;
}

/**
 * The second half of a sign-in, in two calls. A code is taken once, whoever comes with it at the same time.
 * @throws `invalid_code` for a wrong or used code, and for a challenge that is over or worn out; `foreign_origin`
 */
export async function completeSignIn(
  deps: Deps,
  origin: Origin,
  { challenge, isFromOwnPage, ...given }: SecondHalf,
): Promise<OpenedSession> {
  const challengeHash = await hashOf(challenge);
  const [factor] = (await deps.db.run(trySecondFactor(challengeHash))).rows;
  if (factor === undefined) throw invalidCode();
  const { user_id: userId, session_kind: kind, sealed_secret: sealedSecret } = factor;
  if (kind === 'cookie' && !isFromOwnPage) throw foreignOrigin();
  const code = await readCode(deps, given, { userId, sealedSecret });
  const draft = await draftSession(kind);
  const end = endSecondFactor({ challengeHash, code, session: draft.row, origin });
  const row = onlyRow((await deps.db.run(end)).rows);
  if (row.outcome !== 'signed_in') throw invalidCode();
  return sessionOf(deps, row, kind, draft.secret);
}

function invalidCode(): DomainError {
  return new DomainError(
    'unauthenticated',
    'invalid_code',
    'The code is wrong or was used, or the sign-in took too long: begin it again.',
  );
}
