import { confirmationFailed, signInNeeded } from '../core/errors.ts';
import type { User } from '../core/actor.ts';
import type { Origin } from '../core/origin.ts';
import { onlyRow } from '../db/index.ts';
import type { Deps } from '../deps.ts';
import { endPasswordChange } from './account-queries.ts';
import { readCode, type CodeInput } from './codes.ts';
import { requireWithin } from './limits.ts';
import { passwordChangedText } from './mail-texts.ts';
import { beginConfirmation } from './sign-in-queries.ts';
import { writeLater } from './write-to-user.ts';

export interface PasswordChangeInput extends CodeInput {
  readonly currentPassword: string;
  readonly newPassword: string;
}

/**
 * Changes the password of who gives the present one, and a code where there is a second factor. Ends every other
 * session, and tells by mail.
 * @throws `confirmation_failed`, `too_many_requests`; `reauthentication_required` for who has no session here
 */
export async function changePassword(
  deps: Deps,
  origin: Origin,
  { sessionId, subject: userId }: User,
  { currentPassword, newPassword, ...given }: PasswordChangeInput,
): Promise<void> {
  if (sessionId === undefined) throw signInNeeded();
  const found = onlyRow((await deps.db.run(beginConfirmation(userId))).rows);
  requireWithin(deps, 'confirm', found);
  const { isRight } = await deps.passwords.compare(currentPassword, found.password_hash ?? undefined);
  const end = endPasswordChange({
    sessionId,
    userId,
    rightHash: isRight ? found.password_hash : null,
    newHash: isRight ? await deps.passwords.hash(newPassword) : null,
    code: await readCode(deps, given, { userId, sealedSecret: found.sealed_secret }),
    origin,
  });
  const { is_changed: isChanged, email } = onlyRow((await deps.db.run(end)).rows);
  if (!isChanged) throw confirmationFailed();
  writeLater(deps, email, passwordChangedText());
}
