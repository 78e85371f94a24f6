import type { User } from '../core/actor.ts';
import { systemClock } from '../core/time.ts';
import { onlyRow } from '../db/index.ts';
import type { Deps } from '../deps.ts';
import { findIdentity } from './identity-queries.ts';
import type { KnownIdentity } from './issuers.ts';

/** How long a link that was made or taken away elsewhere may go unseen. */
const keptMilliseconds = 30 * 1000;
const keptAtMost = 10_000;

/** Whom another issuer vouches for. */
export interface Identity {
  readonly issuer: string;
  readonly subject: string;
  readonly email: string | undefined;
}

const keyOf = ({ issuer, subject }: Pick<Identity, 'issuer' | 'subject'>) =>
  JSON.stringify([issuer, subject]);

/**
 * The customer that an identity acts for: its own, which is made when it is first seen, or the one that an admin linked
 * it to. Asked of the database once in half a minute, and when the address changes.
 */
export async function customerOf({ db, issuers }: Deps, identity: Identity): Promise<User> {
  const { known } = issuers;
  const key = keyOf(identity);
  const present = known.get(key);
  if (present !== undefined && isGood(present, identity)) return present.user;
  const { issuer, subject, email } = onlyRow((await db.run(findIdentity(identity))).rows);
  const user: User = { kind: 'user', role: 'customer', issuer, subject, email: email ?? undefined };
  known.delete(key);
  const [oldest] = known.size < keptAtMost ? [] : known.keys();
  if (oldest !== undefined) known.delete(oldest);
  known.set(key, { user, vouchedEmail: identity.email, knownAt: systemClock.now() });
  return user;
}

/** For who has just changed what this identity acts for. */
export function forgetIdentity({ issuers }: Deps, identity: Pick<Identity, 'issuer' | 'subject'>): void {
  issuers.known.delete(keyOf(identity));
}

function isGood({ knownAt, vouchedEmail }: KnownIdentity, { email }: Identity): boolean {
  const isYoung = systemClock.now().getTime() - knownAt.getTime() < keptMilliseconds;
  return isYoung && (email === undefined || email === vouchedEmail);
}
