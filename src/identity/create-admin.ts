import type { SystemActor } from '../core/actor.ts';
import type { Origin } from '../core/origin.ts';
import { onlyRow } from '../db/index.ts';
import type { Deps } from '../deps.ts';
import { linkOf } from './mail-texts.ts';
import { hashOf, newSecret } from './secrets.ts';
import { changeUserRow, findUserByEmail, inviteUserRow } from './user-queries.ts';
import { storedUser, type StoredUser } from './user-schemas.ts';

export interface AdminInput {
  /** In lower case. */
  readonly email: string;
  readonly name: string | undefined;
  /** Makes an account that is there already an admin's. */
  readonly isPromotion: boolean;
}

/** What came of it. `invited`: whoever has the link opens the account, once and within a day. */
export type AdminOutcome =
  | { readonly outcome: 'invited'; readonly link: string }
  | {
      readonly outcome: 'promoted' | 'admin_already' | 'disabled' | 'needs_promotion';
      readonly user: StoredUser;
    };

const actor: SystemActor = { kind: 'system', name: 'admin-create' };

/**
 * Makes an admin for who runs the installation: the first one, whom nobody could invite, or any further one. The link
 * is the only proof, and each makes the ones before worthless.
 */
export async function createAdmin(
  { db, requestId, publicOrigin }: Pick<Deps, 'db' | 'requestId'> & { readonly publicOrigin: string },
  { email, name, isPromotion }: AdminInput,
): Promise<AdminOutcome> {
  const origin: Origin = { address: '', network: '', agent: 'admin:create', requestId };
  const user = (await db.run(findUserByEmail(email))).rows.map(({ person }) => storedUser.parse(person))[0];
  if (user !== undefined) {
    if (user.status === 'disabled') return { outcome: 'disabled', user };
    if (user.role !== 'admin' && !isPromotion) return { outcome: 'needs_promotion', user };
    if (user.status === 'active') {
      if (user.role === 'admin') return { outcome: 'admin_already', user };
      const change = { userId: user.id, action: 'change_role', role: 'admin', reason: undefined } as const;
      const { outcome } = onlyRow((await db.run(changeUserRow({ ...change, actor, origin }))).rows);
      if (outcome === 'done') return { outcome: 'promoted', user };
      throw new Error(`the account has changed meanwhile: ${outcome}`);
    }
  }
  const token = newSecret('link');
  const invitation = { email, name, role: 'admin', tokenHash: await hashOf(token), actor, origin };
  const { outcome } = onlyRow((await db.run(inviteUserRow(invitation))).rows);
  if (outcome !== 'invited') throw new Error('somebody has opened the account meanwhile: run it again');
  return { outcome: 'invited', link: linkOf(publicOrigin, 'invitation', token) };
}
