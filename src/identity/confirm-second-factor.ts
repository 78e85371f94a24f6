import type { User } from '../core/actor.ts';
import { conflict, invalid } from '../core/errors.ts';
import type { Origin } from '../core/origin.ts';
import { systemClock } from '../core/time.ts';
import { onlyRow } from '../db/index.ts';
import type { Deps } from '../deps.ts';
import { endEnrolment, tryEnrolment } from './factor-queries.ts';
import { requireWithin } from './limits.ts';
import { factorConfirmedText } from './mail-texts.ts';
import { openFactor } from './open-factor.ts';
import { ownSessionOf } from './own-session.ts';
import { newRecoveryCodes } from './recovery-codes.ts';
import { stepOfCode } from './totp.ts';
import { writeLater } from './write-to-user.ts';

export interface ConfirmedFactor {
  /** Told this once. */
  readonly recoveryCodes: readonly string[];
  /** The access token at hand opens no more than before: the next one, by a refresh, does. */
  readonly isRefreshNeeded: boolean;
}

/**
 * Makes an enrolment the second factor, by its first code: it takes the place of another one, with new recovery codes,
 * and ends all other sessions. Of several at once one does it.
 * @throws `enrolment_over`, `invalid_code`, `too_many_requests`, `no_account`
 */
export async function confirmSecondFactor(
  deps: Deps,
  origin: Origin,
  user: User,
  { code }: { readonly code: string },
): Promise<ConfirmedFactor> {
  const session = ownSessionOf(user);
  const found = onlyRow((await deps.db.run(tryEnrolment(session.userId))).rows);
  requireWithin(deps, 'enrolment', found);
  const { pending_secret: pendingSecret } = found;
  const secret = pendingSecret === null ? undefined : await openFactor(deps, session.userId, pendingSecret);
  if (pendingSecret === null || secret === undefined) throw enrolmentOver();
  const step = stepOfCode(secret, code, systemClock) ?? null;
  const { codes, hashes } = await newRecoveryCodes();
  const end = endEnrolment({ session, pendingSecret, step, recoveryHashes: hashes, origin });
  const { outcome, session_kind: kind, email } = onlyRow((await deps.db.run(end)).rows);
  if (outcome === 'refused') throw wrongCode();
  if (outcome === 'over') throw enrolmentOver();
  writeLater(deps, email, factorConfirmedText({ isReplaced: outcome === 'replaced' }));
  return { recoveryCodes: codes, isRefreshNeeded: user.isRestricted === true && kind === 'token' };
}

function enrolmentOver() {
  return conflict('enrolment_over', 'There is nothing to confirm, or it took too long: begin it again.');
}

function wrongCode() {
  const message = 'The code is not one of the secret that was enrolled last.';
  return invalid('invalid_code', message, [{ pointer: '/code', code: 'invalid_code', detail: 'wrong code' }]);
}
