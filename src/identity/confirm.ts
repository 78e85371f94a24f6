import { confirmationFailed, signInNeeded } from '../core/errors.ts';
import type { User } from '../core/actor.ts';
import type { Origin } from '../core/origin.ts';
import { onlyRow } from '../db/index.ts';
import type { Deps } from '../deps.ts';
import { readCode, type CodeInput } from './codes.ts';
import { requireWithin } from './limits.ts';
import { beginConfirmation, endConfirmation } from './sign-in-queries.ts';

/**
 * Proves once more who is at a session: for five minutes it may then change what wants a fresh proof.
 * @throws `confirmation_failed`, `too_many_requests`; `reauthentication_required` for who has no session to confirm
 */
export async function confirm(
  deps: Deps,
  origin: Origin,
  { sessionId, subject: userId }: User,
  { password, ...given }: CodeInput & { readonly password: string },
): Promise<void> {
  if (sessionId === undefined) throw signInNeeded();
  const found = onlyRow((await deps.db.run(beginConfirmation(userId))).rows);
  requireWithin(deps, 'confirm', found);
  const { isRight } = await deps.passwords.compare(password, found.password_hash ?? undefined);
  const code = await readCode(deps, given, { userId, sealedSecret: found.sealed_secret });
  const rightHash = isRight ? found.password_hash : null;
  const end = endConfirmation({ sessionId, userId, rightHash, code, origin });
  if (onlyRow((await deps.db.run(end)).rows).is_confirmed) return;
  throw confirmationFailed();
}
