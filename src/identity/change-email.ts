import { conflict, invalid, signInNeeded } from '../core/errors.ts';
import type { User } from '../core/actor.ts';
import type { Origin } from '../core/origin.ts';
import { onlyRow } from '../db/index.ts';
import type { Deps } from '../deps.ts';
import { beginEmailChange, endEmailChange } from './account-queries.ts';
import { invalidLink } from './invalid-link.ts';
import { requireWithin } from './limits.ts';
import {
  accountExistsText,
  changeEmailText,
  emailChangedText,
  emailChangeAskedText,
  linkOf,
} from './mail-texts.ts';
import { hashOf, newSecret } from './secrets.ts';
import { requireMail, writeLater } from './write-to-user.ts';

/**
 * Sends a link to the new address, and a notice to the present one, which stays until the link is used. Whether the new
 * address is somebody else's is told by mail alone.
 * @throws `email_unchanged`, `mail_not_configured`, `too_many_requests`
 */
export async function changeEmail(
  deps: Deps,
  origin: Origin,
  { sessionId, subject: userId }: User,
  { email }: { readonly email: string },
): Promise<void> {
  if (sessionId === undefined) throw signInNeeded();
  requireMail(deps);
  const token = newSecret('link');
  const [emailHash, tokenHash] = await Promise.all([hashOf(email), hashOf(token)]);
  const begin = beginEmailChange({ sessionId, userId, email, emailHash, tokenHash, origin });
  const begun = onlyRow((await deps.db.run(begin)).rows);
  requireWithin(deps, 'change-email', begun);
  if (begun.mail === 'unchanged') {
    throw invalid('email_unchanged', 'This is the address of the account already.', [
      { pointer: '/email', code: 'email_unchanged', detail: 'is the address of the account' },
    ]);
  }
  if (begun.mail === 'prove') {
    writeLater(
      deps,
      email,
      changeEmailText({ link: linkOf(deps.config.publicOrigin, 'change_email', token) }),
    );
  } else if (begun.mail === 'exists') {
    writeLater(deps, email, accountExistsText());
  }
  writeLater(deps, begun.old_email, emailChangeAskedText());
}

/**
 * Changes the address by the link that the new one was sent, once, and tells the one before.
 * @throws `invalid_link`; `email_taken` when somebody else has proven the address since
 */
export async function proveNewEmail(
  deps: Deps,
  origin: Origin,
  { token }: { readonly token: string },
): Promise<void> {
  const end = onlyRow((await deps.db.run(endEmailChange(await hashOf(token), origin))).rows);
  if (end.outcome === 'refused') throw invalidLink();
  if (end.outcome === 'taken') throw conflict('email_taken', 'Another account has this address now.');
  writeLater(deps, end.old_email, emailChangedText());
}
