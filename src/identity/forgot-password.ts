import type { Origin } from '../core/origin.ts';
import { onlyRow } from '../db/index.ts';
import type { Deps } from '../deps.ts';
import { askForReset } from './account-queries.ts';
import { requireWithin } from './limits.ts';
import { linkOf, resetPasswordText } from './mail-texts.ts';
import { hashOf, newSecret } from './secrets.ts';
import { requireMail, writeLater } from './write-to-user.ts';

/**
 * One call, whoever's the address is: only the mail, which goes out after the answer, tells.
 * @throws `mail_not_configured`, `too_many_requests`
 */
export async function forgotPassword(
  deps: Deps,
  origin: Origin,
  { email }: { readonly email: string },
): Promise<void> {
  requireMail(deps);
  const token = newSecret('link');
  const request = {
    email,
    emailHash: await hashOf(email),
    tokenHash: await hashOf(token),
    origin,
  };
  const asked = onlyRow((await deps.db.run(askForReset(request))).rows);
  requireWithin(deps, 'forgot-password', asked);
  if (!asked.is_mailed) return;
  const link = linkOf(deps.config.publicOrigin, 'reset_password', token);
  writeLater(deps, email, resetPasswordText({ link }));
}
