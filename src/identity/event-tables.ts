import { sql } from 'drizzle-orm';
import { check, index, integer, jsonb, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core';

const instant = (name: string) => timestamp(name, { withTimezone: true });

/** Counters of windows: one row for whatever is counted, begun anew when its window is over. */
export const rateLimits = pgTable(
  'rate_limits',
  {
    bucket: text().primaryKey(),
    count: integer().notNull(),
    endsAt: instant('ends_at').notNull(),
  },
  (table) => [index('rate_limits_ends_at').on(table.endsAt)],
);

/** Who did what to whose account, from where, and how it ended. Append-only, kept for a year. No foreign key: it outlives. */
export const authEvents = pgTable(
  'auth_events',
  {
    id: uuid().primaryKey().defaultRandom(),
    /** Whose account; null where no account has the address that was given. */
    userId: uuid('user_id'),
    /** Such as `sign_in`, `password_reset`, `role_change`. */
    eventType: text('event_type').notNull(),
    outcome: text().notNull(),
    /** The user itself, or the admin who did it, as in other histories. */
    actor: text().notNull(),
    sessionId: uuid('session_id'),
    address: text(),
    agent: text(),
    requestId: text('request_id'),
    /** No secret, no address of mail. */
    details: jsonb().$type<Readonly<Record<string, unknown>>>().notNull().default({}),
    createdAt: instant('created_at')
      .notNull()
      .default(sql`clock_timestamp()`),
  },
  (table) => [
    check('auth_events_outcome', sql`${table.outcome} in ('success', 'failure')`),
    index('auth_events_user_id').on(table.userId, table.createdAt, table.id),
    index('auth_events_user_type').on(table.userId, table.eventType, table.createdAt, table.id),
    index('auth_events_created_at').on(table.createdAt, table.id),
  ],
);
