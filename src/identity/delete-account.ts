import { principalOf, type User } from '../core/actor.ts';
import { conflict } from '../core/errors.ts';
import type { Origin } from '../core/origin.ts';
import { isStatementError, onlyRow, type Statement } from '../db/index.ts';
import type { Deps } from '../deps.ts';
import { deleteUser, findLastAdmin, lastAdminStays } from './deletion-queries.ts';
import { accountDeletedText } from './mail-texts.ts';
import { ownSessionOf } from './own-session.ts';
import { writeLater } from './write-to-user.ts';

/**
 * Ends what a user buys, and has `commit` do what is left to do about it, in one transaction with the account's end:
 * several times, when something was begun meanwhile. Given by the composition root: nothing here knows how one pays.
 */
export type LeaveBilling = (
  deps: Deps,
  user: User,
  commit: (closing: readonly Statement[]) => Promise<void>,
) => Promise<void>;

/**
 * Deletes the account of who asks: first what it buys is ended, then it goes, with all proofs of who it was, in one
 * transaction. Cut off in between, the same again goes on.
 * @throws `last_admin`, `no_account`, and what `leaveBilling` throws: then nothing is deleted
 */
export async function deleteAccount(
  deps: Deps,
  origin: Origin,
  user: User,
  leaveBilling: LeaveBilling,
): Promise<void> {
  const session = ownSessionOf(user);
  if (user.role === 'admin') await refuseLastAdmin(deps, session.userId);
  const deletion = { session, issuer: user.issuer, principal: principalOf(user), origin };
  let email: string | null = null;
  await leaveBilling(deps, user, async (closing) => {
    try {
      const [deleted] = await deps.db.batch([deleteUser(deletion), ...closing]);
      ({ email } = onlyRow(deleted.rows));
    } catch (error) {
      throw isStatementError(error, lastAdminStays) ? lastAdmin() : error;
    }
  });
  writeLater(deps, email, accountDeletedText());
}

/** Before anything is ended at Stripe; of two last admins at once the database refuses one in the end. */
async function refuseLastAdmin({ db }: Deps, userId: string): Promise<void> {
  if (onlyRow((await db.run(findLastAdmin(userId))).rows).is_last) throw lastAdmin();
}

function lastAdmin() {
  return conflict('last_admin', 'Somebody else must be an admin first.');
}
