import type { User } from '../core/actor.ts';
import { invalidToken, notFound } from '../core/errors.ts';
import type { Origin } from '../core/origin.ts';
import { onlyRow } from '../db/index.ts';
import type { Deps } from '../deps.ts';
import { endSession, endSessions } from './own-session-queries.ts';
import { ownSessionOf } from './own-session.ts';

type Writing = Pick<Deps, 'db'>;

/** Ends the session that asks. @throws `no_account`; `invalid_token` where it has ended meanwhile */
export async function signOut({ db }: Writing, origin: Origin, user: User): Promise<void> {
  const own = ownSessionOf(user);
  const { is_ended } = onlyRow((await db.run(endSession(own.sessionId, own, origin))).rows);
  if (!is_ended) throw invalidToken();
}

/**
 * Ends all sessions of who asks, or all but this one, and sign-ins that wait for a code. Answers how many sessions.
 * @throws `no_account`
 */
export async function signOutAll(
  { db }: Writing,
  origin: Origin,
  user: User,
  { isThisKept }: { readonly isThisKept: boolean },
): Promise<number> {
  return onlyRow((await db.run(endSessions(ownSessionOf(user), isThisKept, origin))).rows).ended;
}

/** Ends one session of who asks. @throws `session_not_found`, also for another's and for one that was ended; `no_account` */
export async function revokeSession({ db }: Writing, origin: Origin, user: User, id: string): Promise<void> {
  const { is_ended } = onlyRow((await db.run(endSession(id, ownSessionOf(user), origin))).rows);
  if (!is_ended) throw notFound('session_not_found', 'You have no such session.');
}
