import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  timestamp,
  unique,
  uuid,
} from 'drizzle-orm/pg-core';

const instant = (name: string) => timestamp(name, { withTimezone: true });

/**
 * What happened here, for others to be told: written by the database (triggers) in the transaction in which it
 * happened, append-only until its time is over. The id is the `webhook-id` of its deliveries.
 */
export const outboundEvents = pgTable(
  'outbound_events',
  {
    id: text()
      .primaryKey()
      .default(sql`'msg_' || replace(gen_random_uuid()::text, '-', '')`),
    /** Such as `credits.granted`. */
    eventType: text('event_type').notNull(),
    customerId: uuid('customer_id'),
    data: jsonb().$type<Readonly<Record<string, unknown>>>().notNull(),
    /** The event of Stripe's that led to it; null where a request or a job did. */
    causeEventId: text('cause_event_id'),
    /** By the clock of the business. */
    occurredAt: instant('occurred_at').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [
    index('outbound_events_created_at').on(table.createdAt, table.id),
    index('outbound_events_type').on(table.eventType, table.createdAt, table.id),
    index('outbound_events_customer')
      .on(table.customerId, table.createdAt, table.id)
      .where(sql`${table.customerId} is not null`),
    index('outbound_events_cause')
      .on(table.causeEventId)
      .where(sql`${table.causeEventId} is not null`),
  ],
);

/** Where events are told. Never deleted: its deliveries name it. */
export const eventEndpoints = pgTable(
  'event_endpoints',
  {
    id: uuid().primaryKey().defaultRandom(),
    /** http(s), or `mailto:`. */
    url: text().notNull(),
    description: text(),
    /** Types of events, `credits.*` for a family, `*` for all. */
    eventTypes: text('event_types').array().notNull(),
    /** `standard`: signed JSON of Standard Webhooks; `slack`: a message as Slack takes it; `mail`. */
    format: text({ enum: ['standard', 'slack', 'mail'] }).notNull(),
    /** The signing secret, sealed; null for mail. */
    sealedSecret: text('sealed_secret'),
    /** The one before it, which signs as well until then. */
    previousSealedSecret: text('previous_sealed_secret'),
    previousSecretUntil: instant('previous_secret_until'),
    isEnabled: boolean('is_enabled').notNull().default(true),
    /** Why it is not enabled: `admin`, `failing` (for days) or `gone` (it answered 410). */
    disabledReason: text('disabled_reason', { enum: ['admin', 'failing', 'gone'] }),
    disabledAt: instant('disabled_at'),
    /** Since when no delivery has succeeded; null: the last one did. */
    failingSince: instant('failing_since'),
    deletedAt: instant('deleted_at'),
    /** Counts what an admin would see change, whoever changes it (a trigger does). */
    version: integer().notNull().default(1),
    createdBy: text('created_by').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (table) => [
    check('event_endpoints_format_known', sql`${table.format} in ('standard', 'slack', 'mail')`),
    check(
      'event_endpoints_secret_where_signed',
      sql`(${table.sealedSecret} is null) = (${table.format} = 'mail')`,
    ),
    check('event_endpoints_disabled_whole', sql`${table.isEnabled} = (${table.disabledAt} is null)`),
    check('event_endpoints_types_not_empty', sql`cardinality(${table.eventTypes}) > 0`),
  ],
);

/**
 * What was done to an endpoint, by whom: written by the database with the change, append-only. Never a secret; of a URL
 * the host alone, because its path may be one.
 */
export const endpointChanges = pgTable(
  'endpoint_changes',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    endpointId: uuid('endpoint_id').notNull(),
    action: text({
      enum: ['created', 'changed', 'secret_rotated', 'deleted', 'tested', 'replayed'],
    }).notNull(),
    details: jsonb().$type<Readonly<Record<string, unknown>>>().notNull(),
    actor: text().notNull(),
    /** Null where no request did it. */
    requestId: text('request_id'),
    /** The request's: one that is made again, after a lost answer, finds here what it did. */
    operationId: uuid('operation_id'),
    changedAt: instant('changed_at')
      .notNull()
      .default(sql`clock_timestamp()`),
  },
  (table) => [
    check(
      'endpoint_changes_action_known',
      sql`${table.action} in ('created', 'changed', 'secret_rotated', 'deleted', 'tested', 'replayed')`,
    ),
    unique('endpoint_changes_operation_id').on(table.operationId),
    index('endpoint_changes_endpoint_id').on(table.endpointId, table.id),
  ],
);

/**
 * One event for one endpoint, made with the event. No foreign key to the endpoint: what happens here must not wait for
 * whoever changes one.
 */
export const eventDeliveries = pgTable(
  'event_deliveries',
  {
    id: uuid().primaryKey().defaultRandom(),
    endpointId: uuid('endpoint_id').notNull(),
    eventId: text('event_id').notNull(),
    eventType: text('event_type').notNull(),
    /** `canceled`: the endpoint was disabled or deleted before it was told. */
    status: text({ enum: ['pending', 'delivering', 'delivered', 'dead', 'canceled'] })
      .notNull()
      .default('pending'),
    /** Counts the claims. The number is what a worker proves its claim with. */
    attempts: integer().notNull().default(0),
    /** Failures since it was made, or replayed. */
    failures: integer().notNull().default(0),
    /** While a worker has it: when that one is taken for dead. */
    nextAttemptAt: instant('next_attempt_at').notNull().defaultNow(),
    leaseUntil: instant('lease_until'),
    /** When the queue was last rung for the try that is due; null: it was not yet. */
    rungAt: instant('rung_at'),
    lastStatusCode: integer('last_status_code'),
    lastError: text('last_error'),
    deliveredAt: instant('delivered_at'),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [
    unique('event_deliveries_once').on(table.endpointId, table.eventId),
    foreignKey({
      name: 'event_deliveries_event_id_fk',
      columns: [table.eventId],
      foreignColumns: [outboundEvents.id],
    }).onDelete('cascade'),
    check(
      'event_deliveries_status_known',
      sql`${table.status} in ('pending', 'delivering', 'delivered', 'dead', 'canceled')`,
    ),
    index('event_deliveries_listed').on(table.endpointId, table.createdAt, table.id),
    index('event_deliveries_status').on(table.endpointId, table.status, table.createdAt, table.id),
    index('event_deliveries_type').on(table.endpointId, table.eventType, table.createdAt, table.id),
    index('event_deliveries_event_id').on(table.eventId),
    /** When the queue is to be rung for it; once more when it was, and nobody came within a minute. */
    index('event_deliveries_due')
      .on(
        sql`greatest(${table.nextAttemptAt}, (${table.rungAt} at time zone 'UTC' + interval '1 minute') at time zone 'UTC')`,
      )
      .where(sql`${table.status} in ('pending', 'delivering')`),
  ],
);

/** Each time that a delivery was tried. */
export const deliveryAttempts = pgTable(
  'delivery_attempts',
  {
    deliveryId: uuid('delivery_id').notNull(),
    attempt: integer().notNull(),
    startedAt: instant('started_at').notNull(),
    endedAt: instant('ended_at'),
    /** What the endpoint answered; null: nothing. */
    statusCode: integer('status_code'),
    /** Null: it was taken. Else names and codes. */
    error: text(),
  },
  (table) => [
    primaryKey({ name: 'delivery_attempts_pk', columns: [table.deliveryId, table.attempt] }),
    foreignKey({
      name: 'delivery_attempts_delivery_id_fk',
      columns: [table.deliveryId],
      foreignColumns: [eventDeliveries.id],
    }).onDelete('cascade'),
  ],
);
