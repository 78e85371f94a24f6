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
  text,
  timestamp,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { customers } from '../customers/tables.ts';
import { creditPackages, prices } from '../pricing/tables.ts';

const instant = (name: string) => timestamp(name, { withTimezone: true });
const minorUnits = (name: string) => bigint(name, { mode: 'number' });

/**
 * One attempt to buy one offer. `opening`: asked for, Stripe has not answered yet; `open`: the customer has a pay
 * page; `processing`: completed, but the money (a bank debit) is still on its way; then `paid`, `failed`, `expired`.
 */
export const checkouts = pgTable(
  'checkouts',
  {
    id: uuid().primaryKey(),
    customerId: uuid('customer_id').notNull(),
    offerId: uuid('offer_id').notNull(),
    mode: text({ enum: ['payment', 'subscription'] }).notNull(),
    status: text({ enum: ['opening', 'open', 'processing', 'paid', 'failed', 'expired'] })
      .notNull()
      .default('opening'),
    stripeSessionId: text('stripe_session_id').unique('checkouts_stripe_session_id_unique'),
    stripeSubscriptionId: text('stripe_subscription_id'),
    expiresAt: timestamp('expires_at', { withTimezone: true }),
    completedAt: timestamp('completed_at', { withTimezone: true }),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    foreignKey({
      name: 'checkouts_customer_id_fk',
      columns: [table.customerId],
      foreignColumns: [customers.id],
    }),
    foreignKey({ name: 'checkouts_offer_id_fk', columns: [table.offerId], foreignColumns: [prices.id] }),
    check('checkouts_mode_known', sql`${table.mode} in ('payment', 'subscription')`),
    check(
      'checkouts_status_known',
      sql`${table.status} in ('opening', 'open', 'processing', 'paid', 'failed', 'expired')`,
    ),
    index('checkouts_customer_id_created_at').on(table.customerId, table.createdAt),
    index('checkouts_stripe_subscription_id').on(table.stripeSubscriptionId),
  ],
);

/** Money that arrived, known by Stripe's PaymentIntent (a package) or Invoice (a period of a plan). */
export const payments = pgTable(
  'payments',
  {
    id: uuid().primaryKey().defaultRandom(),
    customerId: uuid('customer_id').notNull(),
    offerId: uuid('offer_id').notNull(),
    stripePaymentIntentId: text('stripe_payment_intent_id').unique(
      'payments_stripe_payment_intent_id_unique',
    ),
    stripeInvoiceId: text('stripe_invoice_id').unique('payments_stripe_invoice_id_unique'),
    stripeSubscriptionId: text('stripe_subscription_id'),
    currency: text().notNull(),
    amountMinor: bigint('amount_minor', { mode: 'number' }).notNull(),
    refundedMinor: bigint('refunded_minor', { mode: 'number' }).notNull().default(0),
    /** What the bank holds back, or has taken, because the payment is disputed. */
    disputedMinor: bigint('disputed_minor', { mode: 'number' }).notNull().default(0),
    /** Of the newest dispute, in Stripe's words. */
    disputeStatus: text('dispute_status'),
    /** Counts what was seen of refunds and disputes: who has seen an older state than this writes nothing. */
    version: integer().notNull().default(1),
    /** The period of the plan that was paid for; null for a package. */
    periodStart: timestamp('period_start', { withTimezone: true }),
    periodEnd: timestamp('period_end', { withTimezone: true }),
    paidAt: timestamp('paid_at', { withTimezone: true }).notNull(),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    foreignKey({
      name: 'payments_customer_id_fk',
      columns: [table.customerId],
      foreignColumns: [customers.id],
    }),
    foreignKey({ name: 'payments_offer_id_fk', columns: [table.offerId], foreignColumns: [prices.id] }),
    check(
      'payments_known_at_stripe',
      sql`num_nonnulls(${table.stripePaymentIntentId}, ${table.stripeInvoiceId}) > 0`,
    ),
    check('payments_refunded_range', sql`${table.refundedMinor} between 0 and ${table.amountMinor}`),
    check('payments_disputed_not_negative', sql`${table.disputedMinor} >= 0`),
    index('payments_customer_id_paid_at').on(table.customerId, table.paidAt),
    index('payments_stripe_subscription_id').on(table.stripeSubscriptionId),
  ],
);

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

/** A customer's wish to buy a package by itself whenever fewer credits than `threshold` are available. */
export const autoTopUps = pgTable(
  'auto_top_ups',
  {
    customerId: uuid('customer_id').primaryKey(),
    isEnabled: boolean('is_enabled').notNull(),
    threshold: bigint({ mode: 'number' }).notNull(),
    packageId: uuid('package_id').notNull(),
    /** At most this much money in a calendar month (UTC), in the package's currency. */
    monthlyCapMinor: minorUnits('monthly_cap_minor').notNull(),
    /** Declines in a row. After the last one allowed it stops until the customer acts. */
    declines: integer().notNull().default(0),
    stoppedAt: instant('stopped_at'),
    stoppedReason: text('stopped_reason'),
    /** Not before then, after a decline. */
    nextAttemptAt: instant('next_attempt_at'),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (table) => [
    foreignKey({
      name: 'auto_top_ups_customer_id_fk',
      columns: [table.customerId],
      foreignColumns: [customers.id],
    }),
    foreignKey({
      name: 'auto_top_ups_package_id_fk',
      columns: [table.packageId],
      foreignColumns: [creditPackages.id],
    }),
    check('auto_top_ups_threshold_positive', sql`${table.threshold} > 0`),
    check('auto_top_ups_monthly_cap_not_negative', sql`${table.monthlyCapMinor} >= 0`),
  ],
);

/** One charge of an automatic top-up; its id names the PaymentIntent at Stripe. At most one is in flight. */
export const topUps = pgTable(
  'top_ups',
  {
    id: uuid().primaryKey().defaultRandom(),
    customerId: uuid('customer_id').notNull(),
    offerId: uuid('offer_id').notNull(),
    /** `started`: Stripe is to be asked, or was, and the answer is not known; `processing`: the bank takes its time. */
    status: text({ enum: ['started', 'processing', 'paid', 'failed'] })
      .notNull()
      .default('started'),
    currency: text().notNull(),
    amountMinor: minorUnits('amount_minor').notNull(),
    stripePaymentIntentId: text('stripe_payment_intent_id').unique('top_ups_stripe_payment_intent_id_unique'),
    failureCode: text('failure_code'),
    /** Until then somebody is asking Stripe. */
    leaseUntil: instant('lease_until').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    settledAt: instant('settled_at'),
  },
  (table) => [
    foreignKey({
      name: 'top_ups_customer_id_fk',
      columns: [table.customerId],
      foreignColumns: [customers.id],
    }),
    foreignKey({ name: 'top_ups_offer_id_fk', columns: [table.offerId], foreignColumns: [prices.id] }),
    check('top_ups_status_known', sql`${table.status} in ('started', 'processing', 'paid', 'failed')`),
    uniqueIndex('top_ups_one_in_flight')
      .on(table.customerId)
      .where(sql`${table.status} in ('started', 'processing')`),
    index('top_ups_customer_id').on(table.customerId, table.createdAt),
  ],
);

/** What a comparison with Stripe's books found. */
export const reconciliations = pgTable('reconciliations', {
  id: uuid().primaryKey().defaultRandom(),
  startedAt: instant('started_at').notNull(),
  finishedAt: instant('finished_at').notNull(),
  /** How many of each were compared. */
  compared: jsonb().$type<Readonly<Record<string, number>>>().notNull(),
  differences: jsonb().$type<readonly unknown[]>().notNull(),
});
