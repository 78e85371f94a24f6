import type { Origin } from '../core/origin.ts';
import { onlyRow } from '../db/index.ts';
import type { Deps } from '../deps.ts';
import { resetPasswordBy } from './account-queries.ts';
import { invalidLink } from './invalid-link.ts';
import { passwordChangedText } from './mail-texts.ts';
import { spendLink, type LinkAndPassword } from './spend-link.ts';
import { writeLater } from './write-to-user.ts';

/**
 * Sets a new password by a mail's link, once: proves the address, unlocks, ends every session, and tells by mail. A
 * disabled account stays disabled.
 * @throws `invalid_link`, `too_many_requests`
 */
export async function resetPassword(deps: Deps, origin: Origin, input: LinkAndPassword): Promise<void> {
  const end = await spendLink(deps, origin, 'reset_password', input);
  const { is_reset: isReset, email } = onlyRow((await deps.db.run(resetPasswordBy(end))).rows);
  if (!isReset) throw invalidLink();
  writeLater(deps, email, passwordChangedText());
}
