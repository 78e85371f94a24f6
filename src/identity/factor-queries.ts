import { sql, type SQL } from 'drizzle-orm';
import type { Origin } from '../core/origin.ts';
import { build } from '../db/index.ts';
import type { OwnSession } from './own-session.ts';
import { jsonOfOrigin, type LimitRow, type SessionKind } from './sign-in-queries.ts';

export function beginEnrolment(userId: string, sealedSecret: string) {
  return build.execute<{ pending_until: string }>(
    sql`select begin_enrolment(${userId}::uuid, ${sealedSecret}) as pending_until`,
  );
}

export function tryEnrolment(userId: string) {
  return build.execute<LimitRow & { pending_secret: string | null }>(
    sql`select * from try_enrolment(${userId}::uuid)`,
  );
}

export interface EnrolmentEnd {
  readonly session: OwnSession;
  /** As it is stored, sealed: names the enrolment that the code was compared with. */
  readonly pendingSecret: string;
  /** Null for a wrong code. */
  readonly step: number | null;
  readonly recoveryHashes: readonly string[];
  readonly origin: Origin;
}

export function endEnrolment({ session, pendingSecret, step, recoveryHashes, origin }: EnrolmentEnd) {
  return build.execute<{
    outcome: 'enabled' | 'replaced' | 'over' | 'refused';
    session_kind: SessionKind | null;
    email: string | null;
  }>(
    sql`select * from end_enrolment(${session.userId}::uuid, ${session.sessionId}::uuid, ${pendingSecret},
      ${step}::bigint, ${jsonOfHashes(recoveryHashes)}, ${jsonOfOrigin(origin)})`,
  );
}

/** One row: since when, null without a second factor, and how many recovery codes are left. */
export function findSecondFactor(userId: string) {
  return build.execute<{ enrolled_since: string | null; codes_left: number }>(sql`
    select
      (select to_json(confirmed_at) from totp_factors where user_id = ${userId}::uuid) as enrolled_since,
      (select count(*)::int from recovery_codes where user_id = ${userId}::uuid and used_at is null) as codes_left`);
}

export function removeFactor({ userId, sessionId }: OwnSession, origin: Origin) {
  return build.execute<{ outcome: 'removed' | 'absent' | 'required'; email: string | null }>(
    sql`select * from remove_second_factor(${userId}::uuid, ${sessionId}::uuid, ${jsonOfOrigin(origin)})`,
  );
}

export function renewCodes(
  { userId, sessionId }: OwnSession,
  recoveryHashes: readonly string[],
  origin: Origin,
) {
  return build.execute<{ is_renewed: boolean; email: string | null }>(
    sql`select * from renew_recovery_codes(${userId}::uuid, ${sessionId}::uuid, ${jsonOfHashes(recoveryHashes)},
      ${jsonOfOrigin(origin)})`,
  );
}

function jsonOfHashes(hashes: readonly string[]): SQL {
  return sql`${JSON.stringify(hashes)}::jsonb`;
}
