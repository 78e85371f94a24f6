import { sql } from 'drizzle-orm';
import {
  boolean,
  check,
  foreignKey,
  index,
  integer,
  pgTable,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core';
import { customers } from '../customers/tables.ts';

/**
 * The inbox. What Stripe delivered is here before Stripe is answered, and stays until it is processed.
 * `payload` is the signed text itself: `text`, because jsonb refuses `\u0000`.
 */
export const webhookEvents = pgTable(
  'webhook_events',
  {
    eventId: text('event_id').primaryKey(),
    eventType: text('event_type').notNull(),
    apiVersion: text('api_version'),
    livemode: boolean().notNull(),
    stripeCreated: timestamp('stripe_created', { withTimezone: true }).notNull(),
    payload: text().notNull(),
    status: text({ enum: ['pending', 'processing', 'processed', 'ignored', 'failed', 'dead'] })
      .notNull()
      .default('pending'),
    /** Why it was ignored. */
    ignoredReason: text('ignored_reason'),
    attempts: integer().notNull().default(0),
    nextAttemptAt: timestamp('next_attempt_at', { withTimezone: true }).notNull().defaultNow(),
    leaseUntil: timestamp('lease_until', { withTimezone: true }),
    lastError: text('last_error'),
    customerId: uuid('customer_id'),
    receivedAt: timestamp('received_at', { withTimezone: true }).notNull().defaultNow(),
    processedAt: timestamp('processed_at', { withTimezone: true }),
  },
  (table) => [
    foreignKey({
      name: 'webhook_events_customer_id_fk',
      columns: [table.customerId],
      foreignColumns: [customers.id],
    }),
    check(
      'webhook_events_status_known',
      sql`${table.status} in ('pending', 'processing', 'processed', 'ignored', 'failed', 'dead')`,
    ),
    index('webhook_events_customer_id').on(table.customerId, table.receivedAt),
    index('webhook_events_dead')
      .on(table.receivedAt)
      .where(sql`${table.status} = 'dead'`),
    index('webhook_events_due')
      .on(table.nextAttemptAt)
      .where(sql`${table.status} in ('pending', 'failed', 'processing')`),
  ],
);
