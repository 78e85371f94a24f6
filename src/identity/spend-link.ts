import type { Origin } from '../core/origin.ts';
import { onlyRow } from '../db/index.ts';
import type { Deps } from '../deps.ts';
import { beginLink, type LinkEnd } from './account-queries.ts';
import { invalidLink } from './invalid-link.ts';
import { requireWithin } from './limits.ts';
import type { LinkPurpose } from './mail-texts.ts';
import { hashOf } from './secrets.ts';

export interface LinkAndPassword {
  readonly token: string;
  readonly password: string;
}

/**
 * What a link that sets a password is spent with. The password is hashed, which takes long, only for a link that still
 * looks good; what is made of this decides.
 * @throws `invalid_link`, `too_many_requests`
 */
export async function spendLink(
  deps: Deps,
  origin: Origin,
  purpose: LinkPurpose,
  { token, password }: LinkAndPassword,
): Promise<LinkEnd> {
  const tokenHash = await hashOf(token);
  const begun = onlyRow((await deps.db.run(beginLink(tokenHash, purpose, origin))).rows);
  requireWithin(deps, 'link', begun);
  if (!begun.is_live) throw invalidLink();
  return { tokenHash, passwordHash: await deps.passwords.hash(password), origin };
}
