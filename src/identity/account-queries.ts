import { sql } from 'drizzle-orm';
import type { Origin } from '../core/origin.ts';
import { build } from '../db/index.ts';
import type { LinkPurpose } from './mail-texts.ts';
import { jsonOfOrigin, type GivenCode, type LimitRow } from './sign-in-queries.ts';

/** Counts a sign-up by network address (`is_allowed`), and its mail by the mail's address (`may_mail`). */
export function beginSignUp(emailHash: string, { network }: Origin) {
  return build.execute<LimitRow & { may_mail: boolean }>(
    sql`select * from count_mail('sign_up', ${emailHash}, ${network})`,
  );
}

export interface SignUpRow {
  readonly email: string;
  readonly name: string | null;
  readonly passwordHash: string;
  readonly tokenHash: string;
  readonly mayMail: boolean;
  readonly origin: Origin;
}

/** Answers which mail the address gets: `verify`, `exists`, or none. */
export function endSignUp({ email, name, passwordHash, tokenHash, mayMail, origin }: SignUpRow) {
  return build.execute<{ mail: 'verify' | 'exists' | null }>(
    sql`select sign_up(${email}, ${name}, ${passwordHash}, ${tokenHash}, ${mayMail}, ${jsonOfOrigin(origin)}) as mail`,
  );
}

export function verifyEmailBy(tokenHash: string, origin: Origin) {
  return build.execute<{ is_verified: boolean }>(
    sql`select verify_email(${tokenHash}, ${jsonOfOrigin(origin)}) as is_verified`,
  );
}

export interface ResetRequest {
  readonly email: string;
  readonly emailHash: string;
  readonly tokenHash: string;
  readonly origin: Origin;
}

export function askForReset({ email, emailHash, tokenHash, origin }: ResetRequest) {
  return build.execute<LimitRow & { is_mailed: boolean }>(
    sql`select * from forgot_password(${email}, ${emailHash}, ${tokenHash}, ${origin.network}, ${jsonOfOrigin(origin)})`,
  );
}

/** Whether a link is worth hashing a password for; counted by network address. */
export function beginLink(tokenHash: string, purpose: LinkPurpose, origin: Origin) {
  return build.execute<LimitRow & { is_live: boolean }>(
    sql`select * from begin_link(${tokenHash}, ${purpose}, ${origin.network}, ${jsonOfOrigin(origin)})`,
  );
}

export interface LinkEnd {
  readonly tokenHash: string;
  readonly passwordHash: string;
  readonly origin: Origin;
}

export function resetPasswordBy({ tokenHash, passwordHash, origin }: LinkEnd) {
  return build.execute<{ is_reset: boolean; email: string | null }>(
    sql`select * from reset_password(${tokenHash}, ${passwordHash}, ${jsonOfOrigin(origin)})`,
  );
}

export function acceptInvitationBy({ tokenHash, passwordHash, origin }: LinkEnd) {
  return build.execute<{ is_accepted: boolean }>(
    sql`select accept_invitation(${tokenHash}, ${passwordHash}, ${jsonOfOrigin(origin)}) as is_accepted`,
  );
}

export interface PasswordChange {
  readonly sessionId: string;
  readonly userId: string;
  /** The hash that the present password was compared with; null where it was wrong. */
  readonly rightHash: string | null;
  readonly newHash: string | null;
  readonly code: GivenCode;
  readonly origin: Origin;
}

export function endPasswordChange({ sessionId, userId, rightHash, newHash, code, origin }: PasswordChange) {
  return build.execute<{ is_changed: boolean; email: string | null }>(
    sql`select * from change_password(${sessionId}::uuid, ${userId}::uuid, ${rightHash}, ${newHash},
      ${code.step}::bigint, ${code.recoveryHash}, ${jsonOfOrigin(origin)})`,
  );
}

export interface EmailChange {
  readonly sessionId: string;
  readonly userId: string;
  readonly email: string;
  readonly emailHash: string;
  readonly tokenHash: string;
  readonly origin: Origin;
}

/** Answers which mail the new address gets: `prove`, `exists`, or none; `unchanged` where it is the user's already. */
export function beginEmailChange(change: EmailChange) {
  const { sessionId, userId, email, emailHash, tokenHash, origin } = change;
  return build.execute<
    LimitRow & { mail: 'prove' | 'exists' | 'unchanged' | null; old_email: string | null }
  >(
    sql`select * from begin_email_change(${sessionId}::uuid, ${userId}::uuid, ${email}, ${emailHash}, ${tokenHash},
      ${jsonOfOrigin(origin)})`,
  );
}

export function endEmailChange(tokenHash: string, origin: Origin) {
  return build.execute<{
    outcome: 'changed' | 'refused' | 'taken';
    old_email: string | null;
    new_email: string | null;
  }>(sql`select * from end_email_change(${tokenHash}, ${jsonOfOrigin(origin)})`);
}

/** Deletes what is long over, so many of each kind at most; answers how many of the kind with the most. */
export function forgetProofs(limit: number) {
  return build.execute<{ deleted: number }>(sql`select forget_proofs(${limit}) as deleted`);
}
