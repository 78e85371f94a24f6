import type { User } from '../core/actor.ts';
import { onlyRow } from '../db/index.ts';
import type { Deps } from '../deps.ts';
import { findSecondFactor } from './factor-queries.ts';
import { ownSessionOf } from './own-session.ts';

export interface SecondFactor {
  /** Undefined without one. */
  readonly enrolledSince: Date | undefined;
  readonly recoveryCodesLeft: number;
}

/** @throws `no_account` */
export async function readSecondFactor({ db }: Deps, user: User): Promise<SecondFactor> {
  const { userId } = ownSessionOf(user);
  const { enrolled_since: since, codes_left: left } = onlyRow((await db.run(findSecondFactor(userId))).rows);
  return { enrolledSince: since === null ? undefined : new Date(since), recoveryCodesLeft: left };
}
