import type { User } from '../core/actor.ts';
import { conflict } from '../core/errors.ts';
import type { Origin } from '../core/origin.ts';
import { onlyRow } from '../db/index.ts';
import type { Deps } from '../deps.ts';
import { invitationText, linkOf } from './mail-texts.ts';
import { shownUser } from './read-users.ts';
import { hashOf, newSecret } from './secrets.ts';
import { findUserByEmail, inviteUserRow } from './user-queries.ts';
import type { StoredUser } from './user-schemas.ts';
import { requireMail, writeLater } from './write-to-user.ts';

export interface InviteInput {
  /** In lower case. */
  readonly email: string;
  readonly name?: string | undefined;
  readonly role: string;
}

/**
 * Makes an account that only the link in a mail opens, which goes out after the answer; of somebody who is invited
 * already, the link before dies.
 * @throws `email_taken`, `mail_not_configured`
 */
export async function inviteUser(
  deps: Deps,
  actor: User,
  origin: Origin,
  { email, name, role }: InviteInput,
): Promise<StoredUser> {
  requireMail(deps);
  const token = newSecret('link');
  const [invited, found] = await deps.db.batch([
    inviteUserRow({ email, name, role, tokenHash: await hashOf(token), actor, origin }),
    findUserByEmail(email),
  ]);
  if (onlyRow(invited.rows).outcome === 'taken') {
    throw conflict('email_taken', 'Somebody has this address already: change their role instead.');
  }
  const link = linkOf(deps.config.publicOrigin, 'invitation', token);
  writeLater(deps, email, invitationText({ link, role }));
  return shownUser(found.rows);
}
