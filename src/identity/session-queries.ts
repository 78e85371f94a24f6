import { sql } from 'drizzle-orm';
import type { Origin } from '../core/origin.ts';
import { build } from '../db/index.ts';
import { jsonOfOrigin, type SessionRow } from './sign-in-queries.ts';

export interface TokenClaims {
  readonly sessionId: string;
  readonly userId: string;
  readonly role: string;
  readonly isRestricted: boolean;
}

/** Raises RC401 unless the session may still be used, and its user is what the token says (`require_session`). */
export function requireSession({ sessionId, userId, role, isRestricted }: TokenClaims) {
  return build.execute(
    sql`select require_session(${sessionId}::uuid, ${userId}::uuid, ${role}, ${isRestricted})`,
  );
}

/** Raises RC403 unless password and code were given within the last minutes (`require_freshness`). */
export function requireFreshness(sessionId: string) {
  return build.execute(sql`select require_freshness(${sessionId}::uuid)`);
}

export function findCookieSession(secretHash: string) {
  return build.execute<Omit<SessionRow, 'outcome' | 'expires_at'>>(
    sql`select * from find_cookie_session(${secretHash})`,
  );
}

export interface TokenRotation {
  readonly hash: string;
  readonly newHash: string;
  readonly sealedSuccessor: string;
  readonly origin: Origin;
}

export function rotateRefreshToken({ hash, newHash, sealedSuccessor, origin }: TokenRotation) {
  return build.execute<SessionRow & { sealed_successor: string | null }>(
    sql`select * from rotate_refresh_token(${hash}, ${newHash}, ${sealedSuccessor}, ${jsonOfOrigin(origin)})`,
  );
}
