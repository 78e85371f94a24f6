import { sql } from 'drizzle-orm';
import {
  bigint,
  check,
  foreignKey,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  timestamp,
  unique,
  uuid,
} from 'drizzle-orm/pg-core';
import { customers } from '../customers/tables.ts';

const instant = (name: string) => timestamp(name, { withTimezone: true });

/** People who sign in here. What is kept of one who left is the id, so that what others wrote about it stays readable. */
export const users = pgTable(
  'users',
  {
    id: uuid().primaryKey().defaultRandom(),
    /** In lower case; null once the account is deleted. */
    email: text(),
    name: text(),
    /** `$scrypt$…`; null until the first password is set, and once the account is deleted. */
    passwordHash: text('password_hash'),
    role: text().notNull().default('customer'),
    /** `unverified` until the address is proven, then `active`, `disabled` by an admin, or `deleted`. */
    status: text().notNull().default('unverified'),
    /** Wrong passwords and codes since the last right ones, or since the last lock. */
    failedCount: integer('failed_count').notNull().default(0),
    /** How often in a row the account was locked: each lock lasts twice as long. */
    lockCount: integer('lock_count').notNull().default(0),
    lockedUntil: instant('locked_until'),
    emailVerifiedAt: instant('email_verified_at'),
    passwordChangedAt: instant('password_changed_at'),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (table) => [
    unique('users_email_unique').on(table.email),
    check('users_email_lower', sql`${table.email} = lower(${table.email})`),
    check('users_role', sql`${table.role} in ('customer', 'viewer', 'admin')`),
    check('users_status', sql`${table.status} in ('unverified', 'active', 'disabled', 'deleted')`),
    index('users_created_at').on(table.createdAt, table.id),
    /** By bytes, for beginnings of addresses. */
    index('users_email_beginning').on(sql`${table.email} text_pattern_ops`),
    index('users_staff')
      .on(table.role)
      .where(sql`${table.role} <> 'customer'`),
    index('users_not_active')
      .on(table.status, table.createdAt, table.id)
      .where(sql`${table.status} <> 'active'`),
    index('users_locked')
      .on(table.lockedUntil)
      .where(sql`${table.lockedUntil} is not null`),
  ],
);

/** A second factor by time-based codes (RFC 6238): one for each user, and the one that is to replace it. */
export const totpFactors = pgTable(
  'totp_factors',
  {
    userId: uuid('user_id').primaryKey(),
    /** Sealed with `totp:<user id>`; null until the first one is confirmed. */
    sealedSecret: text('sealed_secret'),
    confirmedAt: instant('confirmed_at'),
    /** The last step of 30 s whose code was taken: no code of it, or of one before, is taken again. */
    lastStep: bigint('last_step', { mode: 'number' }).notNull().default(0),
    /** Enrolled and not confirmed yet; sealed likewise. */
    pendingSecret: text('pending_secret'),
    pendingUntil: instant('pending_until'),
  },
  (table) => [
    foreignKey({
      name: 'totp_factors_user_id_fk',
      columns: [table.userId],
      foreignColumns: [users.id],
    }).onDelete('cascade'),
  ],
);

/** Each opens once what a code would open. They are random enough for a plain SHA-256. */
export const recoveryCodes = pgTable(
  'recovery_codes',
  {
    userId: uuid('user_id').notNull(),
    codeHash: text('code_hash').notNull(),
    usedAt: instant('used_at'),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ name: 'recovery_codes_pk', columns: [table.userId, table.codeHash] }),
    foreignKey({
      name: 'recovery_codes_user_id_fk',
      columns: [table.userId],
      foreignColumns: [users.id],
    }).onDelete('cascade'),
  ],
);

/** A sign-in: by tokens, or by the cookie of a browser. */
export const sessions = pgTable(
  'sessions',
  {
    id: uuid().primaryKey(),
    userId: uuid('user_id').notNull(),
    kind: text().notNull(),
    /** SHA-256 of what the cookie holds. */
    secretHash: text('secret_hash'),
    /** Ends a session that is not used for so long; null for one that may rest. */
    idleSeconds: integer('idle_seconds'),
    createdAt: instant('created_at').notNull().defaultNow(),
    lastSeenAt: instant('last_seen_at').notNull().defaultNow(),
    /** When password and code were last given. */
    confirmedAt: instant('confirmed_at').notNull().defaultNow(),
    expiresAt: instant('expires_at').notNull(),
    revokedAt: instant('revoked_at'),
    /** Such as `signed_out`, `password_changed`, `token_reused`. */
    revokedReason: text('revoked_reason'),
    address: text(),
    agent: text(),
  },
  (table) => [
    foreignKey({ name: 'sessions_user_id_fk', columns: [table.userId], foreignColumns: [users.id] }).onDelete(
      'cascade',
    ),
    unique('sessions_secret_hash_unique').on(table.secretHash),
    check('sessions_kind', sql`${table.kind} in ('token', 'cookie')`),
    check('sessions_cookie', sql`(${table.kind} = 'cookie') = (${table.secretHash} is not null)`),
    index('sessions_user_id').on(table.userId, table.createdAt),
    index('sessions_expires_at').on(table.expiresAt),
  ],
);

/** A chain for each session of tokens: each is exchanged for the next, once. */
export const refreshTokens = pgTable(
  'refresh_tokens',
  {
    tokenHash: text('token_hash').primaryKey(),
    sessionId: uuid('session_id').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    expiresAt: instant('expires_at').notNull(),
    consumedAt: instant('consumed_at'),
    successorHash: text('successor_hash'),
    /** For who asks twice at once, or never got the answer: sealed with `refresh:<token hash>`. */
    sealedSuccessor: text('sealed_successor'),
  },
  (table) => [
    foreignKey({
      name: 'refresh_tokens_session_id_fk',
      columns: [table.sessionId],
      foreignColumns: [sessions.id],
    }).onDelete('cascade'),
    index('refresh_tokens_session_id').on(table.sessionId),
    index('refresh_tokens_expires_at').on(table.expiresAt),
    index('refresh_tokens_sealed')
      .on(table.consumedAt)
      .where(sql`${table.sealedSuccessor} is not null`),
  ],
);

/** What a mail's link, or the first half of a sign-in, is worth: once, for a while. */
export const authTokens = pgTable(
  'auth_tokens',
  {
    tokenHash: text('token_hash').primaryKey(),
    userId: uuid('user_id').notNull(),
    purpose: text().notNull(),
    expiresAt: instant('expires_at').notNull(),
    consumedAt: instant('consumed_at'),
    /** Codes tried against a challenge. */
    attempts: integer().notNull().default(0),
    /** What a verified sign-up's password becomes. */
    passwordHash: text('password_hash'),
    /** How who signs up wants to be called. */
    name: text(),
    /** The address that a change of address proves. */
    newEmail: text('new_email'),
    /** The kind of session that a challenge leads to. */
    sessionKind: text('session_kind'),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [
    foreignKey({
      name: 'auth_tokens_user_id_fk',
      columns: [table.userId],
      foreignColumns: [users.id],
    }).onDelete('cascade'),
    check(
      'auth_tokens_purpose',
      sql`${table.purpose} in ('verify_email', 'reset_password', 'change_email', 'invitation', 'second_factor')`,
    ),
    index('auth_tokens_user_id').on(table.userId, table.purpose),
    index('auth_tokens_expires_at').on(table.expiresAt),
  ],
);

/** Keys of machines. It dies with its owner: who made it, or last rotated it. */
export const apiKeys = pgTable(
  'api_keys',
  {
    /** The part of the key that may be seen. */
    id: text().primaryKey(),
    /** The first key of those that took each other's place: they share their Idempotency-Keys. */
    family: text().notNull(),
    kind: text().notNull(),
    userId: uuid('user_id').notNull(),
    /** The customer that a customer's key acts for; null for a service's. */
    customerId: uuid('customer_id'),
    name: text().notNull(),
    scopes: text().array().notNull(),
    /** SHA-256, as hex, of the whole key. */
    secretHash: text('secret_hash').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    expiresAt: instant('expires_at').notNull(),
    lastUsedAt: instant('last_used_at'),
    revokedAt: instant('revoked_at'),
    /** The key that a rotation made: this one goes on for a day. */
    replacedBy: text('replaced_by'),
  },
  (table) => [
    foreignKey({ name: 'api_keys_user_id_fk', columns: [table.userId], foreignColumns: [users.id] }).onDelete(
      'cascade',
    ),
    foreignKey({
      name: 'api_keys_customer_id_fk',
      columns: [table.customerId],
      foreignColumns: [customers.id],
    }).onDelete('cascade'),
    unique('api_keys_replaced_by_unique').on(table.replacedBy),
    check('api_keys_kind', sql`${table.kind} in ('customer', 'service')`),
    check('api_keys_customer', sql`(${table.kind} = 'customer') = (${table.customerId} is not null)`),
    index('api_keys_user_id').on(table.userId, table.createdAt),
    index('api_keys_customer_id').on(table.customerId),
    index('api_keys_created_at').on(table.createdAt, table.id),
  ],
);

/** Who an outside issuer vouches for, and whose account that is: its own, or the one that an admin linked it to. */
export const externalIdentities = pgTable(
  'external_identities',
  {
    issuer: text().notNull(),
    subject: text().notNull(),
    customerId: uuid('customer_id').notNull(),
    linkedBy: text('linked_by'),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ name: 'external_identities_pk', columns: [table.issuer, table.subject] }),
    foreignKey({
      name: 'external_identities_customer_id_fk',
      columns: [table.customerId],
      foreignColumns: [customers.id],
    }).onDelete('cascade'),
    index('external_identities_customer_id').on(table.customerId),
  ],
);
