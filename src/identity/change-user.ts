import type { Actor } from '../core/actor.ts';
import { assertNever, conflict } from '../core/errors.ts';
import type { Origin } from '../core/origin.ts';
import { onlyRow } from '../db/index.ts';
import type { Deps } from '../deps.ts';
import { disabledText, roleChangedText, secondFactorRemovedText, type MailText } from './mail-texts.ts';
import { shownUser, userNotFound } from './read-users.ts';
import { changeUserRow, findUser, type UserAction, type UserChange } from './user-queries.ts';
import type { StoredUser } from './user-schemas.ts';
import { writeLater } from './write-to-user.ts';

export type { UserAction };

/**
 * Does an admin's change to an account, in one call, and answers the account as it is now. What takes rights away ends
 * the person's sessions at once. What is so already stays so, and is not told again.
 * @throws `user_not_found`, `user_deleted`, `last_admin`, `own_account`, `address_not_proven`
 */
export async function changeUser(
  deps: Pick<Deps, 'db' | 'mail' | 'later'>,
  actor: Actor,
  origin: Origin,
  change: Pick<UserChange, 'userId' | 'action'> & Partial<Pick<UserChange, 'role' | 'reason'>>,
): Promise<StoredUser> {
  const { userId, action, role, reason } = change;
  const [changed, found] = await deps.db.batch([
    changeUserRow({ userId, action, role, reason, actor, origin }),
    findUser(userId),
  ]);
  const { outcome } = onlyRow(changed.rows);
  refuse(outcome);
  const user = shownUser(found.rows);
  const text = outcome === 'done' ? textOf(action, user) : undefined;
  if (text !== undefined) writeLater(deps, user.email, text);
  return user;
}

/** What the person is told. */
function textOf(action: UserAction, { role }: StoredUser): MailText | undefined {
  switch (action) {
    case 'disable':
      return disabledText();
    case 'change_role':
      return roleChangedText({ role });
    case 'remove_second_factor':
      return secondFactorRemovedText();
    case 'enable':
    case 'unlock':
    case 'revoke_sessions':
      return undefined;
    default:
      return assertNever(action);
  }
}

function refuse(outcome: string): void {
  switch (outcome) {
    case 'not_found':
      throw userNotFound();
    case 'deleted':
      throw conflict('user_deleted', 'The account is deleted: there is nothing left to change.');
    case 'last_admin':
      throw conflict('last_admin', 'Nobody else is an active admin: make somebody one first.');
    case 'own_account':
      throw conflict('own_account', 'Nobody does this to their own account: ask another admin.');
    case 'unproven':
      throw conflict('address_not_proven', 'Nobody has proven this address yet: invite it with the role.');
    default:
  }
}
