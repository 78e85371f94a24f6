import { sql, type SQL } from 'drizzle-orm';
import type { Origin } from '../core/origin.ts';
import { build } from '../db/index.ts';

/** The counter of a limit: how many are left, and in how many seconds it begins anew. */
export type LimitRow = {
  readonly is_allowed: boolean;
  readonly remaining: number;
  readonly resets_in: number;
};

/** A session that an answer is about to hand out; hashes are SHA-256. */
export interface NewSession {
  readonly id: string;
  readonly kind: SessionKind;
  readonly secretHash: string | null;
  readonly refreshHash: string | null;
}

export type SessionKind = 'token' | 'cookie';

/** An open session, or why there is none (`outcome`). */
export type SessionRow = {
  readonly outcome: string;
  readonly session_id: string;
  readonly user_id: string;
  readonly role: 'customer' | 'viewer' | 'admin';
  readonly email: string | null;
  readonly is_restricted: boolean;
  readonly expires_at: string;
};

/** A code that was given: the step of a time-based one that is right, or a recovery code's hash; neither for a wrong one. */
export interface GivenCode {
  readonly step: number | null;
  readonly recoveryHash: string | null;
}

export function jsonOfOrigin({ address, agent, requestId }: Origin): SQL {
  return sql`${JSON.stringify({ address, agent, request_id: requestId })}::jsonb`;
}

function jsonOfSession({ id, kind, secretHash, refreshHash }: NewSession): SQL {
  return sql`${JSON.stringify({ id, kind, secret_hash: secretHash, refresh_hash: refreshHash })}::jsonb`;
}

export function beginSignIn(email: string, emailHash: string, { network }: Origin) {
  return build.execute<LimitRow & { user_id: string | null; password_hash: string | null }>(
    sql`select * from begin_sign_in(${email}, ${emailHash}, ${network})`,
  );
}

export interface SignInEnd {
  readonly userId: string | null;
  /** What the password was compared with. */
  readonly comparedHash: string | null;
  readonly isRight: boolean;
  /** The password hashed anew, where that is due. */
  readonly newHash: string | null;
  readonly session: NewSession;
  readonly challengeHash: string;
  readonly origin: Origin;
}

export function endSignIn(end: SignInEnd) {
  const { userId, comparedHash, isRight, newHash, session, challengeHash, origin } = end;
  return build.execute<SessionRow>(
    sql`select * from end_sign_in(${userId}::uuid, ${comparedHash}, ${isRight}, ${newHash}, ${jsonOfSession(session)},
      ${challengeHash}, ${jsonOfOrigin(origin)})`,
  );
}

export function trySecondFactor(challengeHash: string) {
  return build.execute<{ user_id: string; session_kind: SessionKind; sealed_secret: string }>(
    sql`select * from try_second_factor(${challengeHash})`,
  );
}

export interface SecondFactorEnd {
  readonly challengeHash: string;
  readonly code: GivenCode;
  readonly session: NewSession;
  readonly origin: Origin;
}

export function endSecondFactor({ challengeHash, code, session, origin }: SecondFactorEnd) {
  return build.execute<SessionRow>(
    sql`select * from end_second_factor(${challengeHash}, ${code.step}::bigint, ${code.recoveryHash},
      ${jsonOfSession(session)}, ${jsonOfOrigin(origin)})`,
  );
}

export function beginConfirmation(userId: string) {
  return build.execute<LimitRow & { password_hash: string | null; sealed_secret: string | null }>(
    sql`select * from begin_confirmation(${userId}::uuid)`,
  );
}

export interface ConfirmationEnd {
  readonly sessionId: string;
  readonly userId: string;
  /** What the password was compared with; null where it was wrong. */
  readonly rightHash: string | null;
  readonly code: GivenCode;
  readonly origin: Origin;
}

export function endConfirmation({ sessionId, userId, rightHash, code, origin }: ConfirmationEnd) {
  return build.execute<{ is_confirmed: boolean }>(
    sql`select end_compared_confirmation(${sessionId}::uuid, ${userId}::uuid, ${rightHash}, ${code.step}::bigint,
      ${code.recoveryHash}, ${jsonOfOrigin(origin)}) as is_confirmed`,
  );
}
