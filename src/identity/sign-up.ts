import { DomainError } from '../core/errors.ts';
import type { Origin } from '../core/origin.ts';
import { onlyRow } from '../db/index.ts';
import type { Deps } from '../deps.ts';
import { beginSignUp, endSignUp } from './account-queries.ts';
import { requireWithin } from './limits.ts';
import { accountExistsText, linkOf, verifyEmailText } from './mail-texts.ts';
import { hashOf, newSecret } from './secrets.ts';
import { requireMail, writeLater } from './write-to-user.ts';

export interface SignUp {
  /** In lower case. */
  readonly email: string;
  readonly password: string;
  readonly name?: string | undefined;
}

/**
 * Two calls and one hashing, whoever's the address is: only the mail, which goes out after the answer, tells. Whoever
 * proves the address by its link gets the password of this very sign-up.
 * @throws `sign_ups_closed`, `mail_not_configured`, `too_many_requests`
 */
export async function signUp(deps: Deps, origin: Origin, { email, password, name }: SignUp): Promise<void> {
  if (!deps.config.acceptsSignUps) {
    throw new DomainError('forbidden', 'sign_ups_closed', 'Nobody signs up here: ask to be invited.');
  }
  requireMail(deps);
  const begun = onlyRow((await deps.db.run(beginSignUp(await hashOf(email), origin))).rows);
  requireWithin(deps, 'sign-up', begun);
  const token = newSecret('link');
  const end = endSignUp({
    email,
    name: name ?? null,
    passwordHash: await deps.passwords.hash(password),
    tokenHash: await hashOf(token),
    mayMail: begun.may_mail,
    origin,
  });
  const { mail } = onlyRow((await deps.db.run(end)).rows);
  const { publicOrigin } = deps.config;
  if (mail === 'verify') {
    writeLater(deps, email, verifyEmailText({ link: linkOf(publicOrigin, 'verify_email', token) }));
  } else if (mail === 'exists') {
    writeLater(deps, email, accountExistsText());
  }
}
