import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  foreignKey,
  index,
  integer,
  pgTable,
  primaryKey,
  text,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { customers } from '../customers/tables.ts';

const instant = (name: string) => timestamp(name, { withTimezone: true });

/**
 * The inbox. What Stripe delivered is here before Stripe is answered, and stays until it is processed.
 * `payload` is the signed text itself: `text`, because jsonb refuses `\u0000`. It is cleaned away some time after the
 * event is done, with the personal data in it.
 */
export const webhookEvents = pgTable(
  'webhook_events',
  {
    eventId: text('event_id').primaryKey(),
    eventType: text('event_type').notNull(),
    apiVersion: text('api_version'),
    livemode: boolean().notNull(),
    stripeCreated: instant('stripe_created').notNull(),
    /** Who it was told by: Stripe's delivery, the list of events that is read for gaps, or an admin. */
    receivedBy: text('received_by', { enum: ['webhook', 'events_api', 'replay'] })
      .notNull()
      .default('webhook'),
    /** Whom it is about at Stripe: events of one customer are processed one after the other. */
    stripeCustomerId: text('stripe_customer_id'),
    payload: text(),
    status: text({ enum: ['pending', 'processing', 'processed', 'ignored', 'failed', 'dead'] })
      .notNull()
      .default('pending'),
    /** Why it was ignored. */
    ignoredReason: text('ignored_reason'),
    /** Counts the claims. The number is what a worker proves its claim with. */
    attempts: integer().notNull().default(0),
    /** Failures since it came, or since an admin had it tried again: how long it waits, and when it is dead. */
    failures: integer().notNull().default(0),
    nextAttemptAt: instant('next_attempt_at').notNull().defaultNow(),
    leaseUntil: instant('lease_until'),
    lastError: text('last_error'),
    customerId: uuid('customer_id'),
    receivedAt: instant('received_at').notNull().defaultNow(),
    processedAt: instant('processed_at'),
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
    check(
      'webhook_events_payload_until_done',
      sql`${table.payload} is not null or ${table.status} in ('processed', 'ignored')`,
    ),
    check(
      'webhook_events_received_by_known',
      sql`${table.receivedBy} in ('webhook', 'events_api', 'replay')`,
    ),
    index('webhook_events_received_at').on(table.receivedAt, table.eventId),
    index('webhook_events_type').on(table.eventType, table.status, table.receivedAt, table.eventId),
    index('webhook_events_status').on(table.status, table.receivedAt, table.eventId),
    /** All but what Stripe delivered, which is nearly all: that is found by time alone. */
    index('webhook_events_received_otherwise')
      .on(table.receivedBy, table.receivedAt, table.eventId)
      .where(sql`${table.receivedBy} <> 'webhook'`),
    index('webhook_events_customer_id').on(table.customerId, table.receivedAt),
    index('webhook_events_stripe_customer_id').on(table.stripeCustomerId, table.receivedAt),
    index('webhook_events_uncleaned')
      .on(table.receivedAt)
      .where(sql`${table.payload} is not null and ${table.status} in ('processed', 'ignored')`),
    index('webhook_events_waiting_of_customer')
      .on(table.stripeCustomerId, table.stripeCreated)
      .where(sql`${table.status} in ('pending', 'failed', 'processing')`),
    index('webhook_events_due')
      .on(table.nextAttemptAt)
      .where(sql`${table.status} in ('pending', 'failed', 'processing')`),
  ],
);

/** Each time that a worker took an event: what came of it, and how long that took. */
export const webhookAttempts = pgTable(
  'webhook_attempts',
  {
    eventId: text('event_id').notNull(),
    attempt: integer().notNull(),
    eventType: text('event_type').notNull(),
    startedAt: instant('started_at').notNull(),
    endedAt: instant('ended_at'),
    /** Null while it is under way. `lost`: the worker did not come back. */
    outcome: text({ enum: ['processed', 'ignored', 'failed', 'lost'] }),
    /** Of a failure: names and codes. */
    error: text(),
  },
  (table) => [
    primaryKey({ name: 'webhook_attempts_pk', columns: [table.eventId, table.attempt] }),
    foreignKey({
      name: 'webhook_attempts_event_id_fk',
      columns: [table.eventId],
      foreignColumns: [webhookEvents.eventId],
    }).onDelete('cascade'),
    check(
      'webhook_attempts_outcome_known',
      sql`${table.outcome} in ('processed', 'ignored', 'failed', 'lost')`,
    ),
    check('webhook_attempts_ended_whole', sql`(${table.endedAt} is null) = (${table.outcome} is null)`),
    index('webhook_attempts_ended_at').on(table.endedAt),
    index('webhook_attempts_type').on(table.eventType, table.endedAt),
  ],
);

/** What an admin did about an event: append-only. */
export const webhookActions = pgTable(
  'webhook_actions',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    eventId: text('event_id').notNull(),
    action: text({ enum: ['retry', 'ignore', 'replay'] }).notNull(),
    actor: text().notNull(),
    reason: text(),
    requestId: text('request_id').notNull(),
    /** The same for a request that is repeated under its Idempotency-Key: it acts once. */
    operationId: uuid('operation_id').notNull(),
    actedAt: instant('acted_at').notNull().defaultNow(),
  },
  (table) => [
    check('webhook_actions_action_known', sql`${table.action} in ('retry', 'ignore', 'replay')`),
    unique('webhook_actions_once').on(table.operationId, table.eventId),
    index('webhook_actions_event_id').on(table.eventId, table.id),
    index('webhook_actions_acted_at').on(table.actedAt),
  ],
);

/**
 * A look at Stripe's own list of events for what the inbox lacks. One that is not finished goes on after
 * `resume_after`, an event's id. The window is in Stripe's time.
 */
export const gapChecks = pgTable(
  'gap_checks',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    windowSince: instant('window_since').notNull(),
    windowUntil: instant('window_until').notNull(),
    resumeAfter: text('resume_after'),
    /** How many events of handled types Stripe listed, and how many of them the inbox lacked. */
    listed: integer().notNull().default(0),
    stored: integer().notNull().default(0),
    startedAt: instant('started_at').notNull().defaultNow(),
    /** When it last went on. */
    updatedAt: instant('updated_at').notNull().defaultNow(),
    finishedAt: instant('finished_at'),
  },
  (table) => [
    index('gap_checks_updated_at').on(table.updatedAt),
    /** One at a time is under way. */
    uniqueIndex('gap_checks_unfinished')
      .on(sql`(${table.finishedAt} is null)`)
      .where(sql`${table.finishedAt} is null`),
  ],
);

/** Deliveries that were refused, counted by the minute: nothing of them is kept. */
export const webhookRejections = pgTable(
  'webhook_rejections',
  {
    minute: instant('minute').notNull(),
    /** The code that they were refused with. */
    code: text().notNull(),
    count: bigint({ mode: 'number' }).notNull(),
  },
  (table) => [primaryKey({ name: 'webhook_rejections_pk', columns: [table.minute, table.code] })],
);
