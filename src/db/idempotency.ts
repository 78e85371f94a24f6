import { and, eq, isNull, lt, sql } from 'drizzle-orm';
import { build } from './build.ts';
import { instant } from './instant.ts';
import { idempotencyKeys } from './tables.ts';

/** How long an operation may take before the same request may take it up again. */
const leaseSeconds = 60;

/** Who asks (principal), under which key, for what (SHA-256 of method, path and body). `id` is the principal's key. */
export interface IdempotencyClaim {
  readonly id: string;
  readonly principal: string;
  readonly key: string;
  readonly requestHash: string;
}

export interface StoredAnswer {
  readonly status: number;
  readonly body: string;
}

/** Raised by `claim_idempotency_key` when the key is taken; {@link findKey} tells by what. */
export const idempotencyKeyTaken = 'RC409';

export function claimKey(claim: IdempotencyClaim) {
  return build.execute(
    sql`select claim_idempotency_key(${claim.principal}, ${claim.key}, ${claim.requestHash}, ${leaseSeconds}::int)`,
  );
}

export function findKey(claim: IdempotencyClaim) {
  return build
    .select({
      requestHash: idempotencyKeys.requestHash,
      status: idempotencyKeys.responseStatus,
      body: idempotencyKeys.responseBody,
    })
    .from(idempotencyKeys)
    .where(and(eq(idempotencyKeys.principal, claim.principal), eq(idempotencyKeys.key, claim.key)));
}

export function storeAnswer(claim: IdempotencyClaim, answer: StoredAnswer) {
  return build
    .update(idempotencyKeys)
    .set({ responseStatus: answer.status, responseBody: answer.body })
    .where(and(ofClaim(claim), isNull(idempotencyKeys.responseStatus)));
}

/** Ends the lease of an operation that failed for a passing reason. */
export function giveUpKey(claim: IdempotencyClaim) {
  return build
    .update(idempotencyKeys)
    .set({ leaseUntil: sql`'-infinity'` })
    .where(and(ofClaim(claim), isNull(idempotencyKeys.responseStatus)));
}

/** Answers are kept for 30 days; later the same key is a new operation. */
export function forgetOldKeys(now: Date) {
  return build
    .delete(idempotencyKeys)
    .where(lt(idempotencyKeys.createdAt, sql`${instant(now)} - interval '30 days'`));
}

function ofClaim(claim: IdempotencyClaim) {
  return and(
    eq(idempotencyKeys.principal, claim.principal),
    eq(idempotencyKeys.key, claim.key),
    eq(idempotencyKeys.requestHash, claim.requestHash),
  );
}
