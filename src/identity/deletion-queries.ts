import { sql } from 'drizzle-orm';
import type { Origin } from '../core/origin.ts';
import { build } from '../db/index.ts';
import type { OwnSession } from './own-session.ts';
import { jsonOfOrigin } from './sign-in-queries.ts';

/** Raised by `delete_account` for the last admin. */
export const lastAdminStays = 'RC423';

export function findLastAdmin(userId: string) {
  return build.execute<{ is_last: boolean }>(sql`select is_last_admin(${userId}::uuid) as is_last`);
}

export interface Deletion {
  readonly session: OwnSession;
  /** Our own, by which the user's customer is known. */
  readonly issuer: string;
  /** Whose kept answers go. */
  readonly principal: string;
  readonly origin: Origin;
}

/** Row: the address to write to, null when the account was deleted before. Raises {@link lastAdminStays}. */
export function deleteUser({ session, issuer, principal, origin }: Deletion) {
  return build.execute<{ email: string | null }>(
    sql`select delete_account(${session.userId}::uuid, ${session.sessionId}::uuid, ${issuer}, ${principal},
      ${jsonOfOrigin(origin)}) as email`,
  );
}
