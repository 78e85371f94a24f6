import { sql } from 'drizzle-orm';
import { check, index, integer, pgTable, primaryKey, text, timestamp } from 'drizzle-orm/pg-core';

/**
 * Answers kept for `Idempotency-Key`. A row without an answer is an operation that is under way, or one that was cut
 * off: after `lease_until` the same request may take it up again.
 */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    principal: text().notNull(),
    key: text().notNull(),
    /** SHA-256 over method, path and body: the same key with another request is refused. */
    requestHash: text('request_hash').notNull(),
    leaseUntil: timestamp('lease_until', { withTimezone: true }).notNull(),
    responseStatus: integer('response_status'),
    responseBody: text('response_body'),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    primaryKey({ name: 'idempotency_keys_pk', columns: [table.principal, table.key] }),
    check(
      'idempotency_keys_answer_whole',
      sql`(${table.responseStatus} is null) = (${table.responseBody} is null)`,
    ),
    index('idempotency_keys_created_at').on(table.createdAt),
  ],
);
