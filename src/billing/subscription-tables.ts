import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  text,
  timestamp,
  uuid,
} from 'drizzle-orm/pg-core';
import { customers } from '../customers/tables.ts';
import { prices } from '../pricing/tables.ts';
import { payments } from './tables.ts';

const instant = (name: string) => timestamp(name, { withTimezone: true });

/**
 * A subscription as Stripe had it when it was last looked at. `status` is Stripe's word, so that a new one of theirs is
 * shown and not refused. A row for every subscription of a customer of ours that is for one of our offers.
 */
export const subscriptions = pgTable(
  'subscriptions',
  {
    id: uuid().primaryKey().defaultRandom(),
    stripeSubscriptionId: text('stripe_subscription_id')
      .notNull()
      .unique('subscriptions_stripe_subscription_id_unique'),
    customerId: uuid('customer_id').notNull(),
    stripeItemId: text('stripe_item_id').notNull(),
    offerId: uuid('offer_id').notNull(),
    quantity: integer().notNull().default(1),
    status: text().notNull(),
    startedAt: instant('started_at').notNull(),
    currentPeriodStart: instant('current_period_start').notNull(),
    currentPeriodEnd: instant('current_period_end').notNull(),
    cancelAtPeriodEnd: boolean('cancel_at_period_end').notNull().default(false),
    cancelAt: instant('cancel_at'),
    canceledAt: instant('canceled_at'),
    endedAt: instant('ended_at'),
    trialStart: instant('trial_start'),
    trialEnd: instant('trial_end'),
    /** How collection is paused (Stripe's `pause_collection.behavior`); null: it is not. */
    pauseBehavior: text('pause_behavior'),
    pauseResumesAt: instant('pause_resumes_at'),
    /** What the subscription changes to by itself, and when: a downgrade at renewal. */
    stripeScheduleId: text('stripe_schedule_id'),
    nextOfferId: uuid('next_offer_id'),
    nextOfferAt: instant('next_offer_at'),
    /** Counts what was seen of it: who has seen an older state than this writes nothing. */
    version: integer().notNull().default(1),
    /** The event that led to the present state; null where a job or a request did. */
    eventId: text('event_id'),
    syncedAt: instant('synced_at').notNull().defaultNow(),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [
    foreignKey({
      name: 'subscriptions_customer_id_fk',
      columns: [table.customerId],
      foreignColumns: [customers.id],
    }),
    foreignKey({ name: 'subscriptions_offer_id_fk', columns: [table.offerId], foreignColumns: [prices.id] }),
    foreignKey({
      name: 'subscriptions_next_offer_id_fk',
      columns: [table.nextOfferId],
      foreignColumns: [prices.id],
    }),
    index('subscriptions_customer_id').on(table.customerId, table.startedAt),
  ],
);

/** What became of a subscription: a row for each change, written by the database (trigger), append-only. */
export const subscriptionChanges = pgTable(
  'subscription_changes',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    subscriptionId: uuid('subscription_id').notNull(),
    customerId: uuid('customer_id').notNull(),
    /** The members that changed, each with its old and its new value; of a new subscription, all. */
    changes: jsonb().$type<Readonly<Record<string, readonly [unknown, unknown]>>>().notNull(),
    eventId: text('event_id'),
    changedAt: instant('changed_at').notNull().defaultNow(),
  },
  (table) => [
    foreignKey({
      name: 'subscription_changes_subscription_id_fk',
      columns: [table.subscriptionId],
      foreignColumns: [subscriptions.id],
    }),
    index('subscription_changes_customer_id').on(table.customerId, table.id),
    index('subscription_changes_event_id')
      .on(table.eventId)
      .where(sql`${table.eventId} is not null`),
  ],
);

/**
 * Which request changes a subscription at Stripe, until it is done or its lease runs out: one at a time, since each
 * decides by what it finds. The last one stays known, so that it is told from a new one when it is asked again.
 */
export const subscriptionOperations = pgTable(
  'subscription_operations',
  {
    subscriptionId: uuid('subscription_id').primaryKey(),
    operationId: uuid('operation_id').notNull(),
    leaseUntil: instant('lease_until').notNull(),
  },
  (table) => [
    foreignKey({
      name: 'subscription_operations_subscription_id_fk',
      columns: [table.subscriptionId],
      foreignColumns: [subscriptions.id],
    }),
  ],
);

/**
 * A paid period of a yearly plan, whose credits come month by month. The first month is granted with the payment;
 * `next_grant_at` is when the next one is due, null once all have come, or none will.
 */
export const grantSchedules = pgTable(
  'grant_schedules',
  {
    id: uuid().primaryKey().defaultRandom(),
    /** The invoice line that paid for it. */
    sourceRef: text('source_ref').notNull().unique('grant_schedules_source_ref_unique'),
    customerId: uuid('customer_id').notNull(),
    stripeSubscriptionId: text('stripe_subscription_id').notNull(),
    paymentId: uuid('payment_id').notNull(),
    offerId: uuid('offer_id').notNull(),
    quantity: integer().notNull().default(1),
    periodStart: instant('period_start').notNull(),
    periodEnd: instant('period_end').notNull(),
    /** Months before this one (0 is the first) are granted or passed over. */
    nextMonth: integer('next_month').notNull().default(1),
    nextGrantAt: instant('next_grant_at'),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [
    foreignKey({
      name: 'grant_schedules_customer_id_fk',
      columns: [table.customerId],
      foreignColumns: [customers.id],
    }),
    foreignKey({
      name: 'grant_schedules_payment_id_fk',
      columns: [table.paymentId],
      foreignColumns: [payments.id],
    }),
    foreignKey({
      name: 'grant_schedules_offer_id_fk',
      columns: [table.offerId],
      foreignColumns: [prices.id],
    }),
    index('grant_schedules_due')
      .on(table.nextGrantAt)
      .where(sql`${table.nextGrantAt} is not null`),
    index('grant_schedules_subscription').on(table.stripeSubscriptionId),
    index('grant_schedules_customer_id').on(table.customerId),
  ],
);

/**
 * What a paid invoice changes of the months that a yearly period still has, signed: a line that charges for a plan adds
 * its credits, one that gives back takes them away. They add up to the same in whatever order they come.
 */
export const grantScheduleChanges = pgTable(
  'grant_schedule_changes',
  {
    /** The invoice line. */
    sourceRef: text('source_ref').primaryKey(),
    customerId: uuid('customer_id').notNull(),
    stripeSubscriptionId: text('stripe_subscription_id').notNull(),
    /** Which period: the subscription's that ends then. */
    periodEnd: instant('period_end').notNull(),
    /** Months that begin later are changed. */
    since: instant('since').notNull(),
    /** A month. */
    credits: bigint({ mode: 'number' }).notNull(),
    /** The plan that it changed to; null for what is given back. */
    offerId: uuid('offer_id'),
    /** What paid for it: of money that goes back, no further months come. */
    paymentId: uuid('payment_id'),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [
    foreignKey({
      name: 'grant_schedule_changes_customer_id_fk',
      columns: [table.customerId],
      foreignColumns: [customers.id],
    }),
    foreignKey({
      name: 'grant_schedule_changes_offer_id_fk',
      columns: [table.offerId],
      foreignColumns: [prices.id],
    }),
    foreignKey({
      name: 'grant_schedule_changes_payment_id_fk',
      columns: [table.paymentId],
      foreignColumns: [payments.id],
    }),
    index('grant_schedule_changes_period').on(table.stripeSubscriptionId, table.periodEnd),
  ],
);
