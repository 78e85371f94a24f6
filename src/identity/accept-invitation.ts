import type { Origin } from '../core/origin.ts';
import { onlyRow } from '../db/index.ts';
import type { Deps } from '../deps.ts';
import { acceptInvitationBy } from './account-queries.ts';
import { invalidLink } from './invalid-link.ts';
import { spendLink, type LinkAndPassword } from './spend-link.ts';

/**
 * Opens an account that an admin, or the operator's script, has made: sets the password and proves the address, once.
 * @throws `invalid_link`, `too_many_requests`
 */
export async function acceptInvitation(deps: Deps, origin: Origin, input: LinkAndPassword): Promise<void> {
  const end = await spendLink(deps, origin, 'invitation', input);
  if (!onlyRow((await deps.db.run(acceptInvitationBy(end))).rows).is_accepted) throw invalidLink();
}
