import { sql } from 'drizzle-orm';
import {
  bigint,
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
import { prices } from '../pricing/tables.ts';

const instant = (name: string) => timestamp(name, { withTimezone: true });

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
    /** Those for plans, and those whose pay page is open, of somebody who has bought a thousand packages. */
    index('checkouts_of_plans')
      .on(table.customerId)
      .where(sql`${table.mode} = 'subscription'`),
    index('checkouts_open')
      .on(table.customerId)
      .where(sql`${table.status} in ('opening', 'open')`),
  ],
);

/** Money that arrived, known by Stripe's PaymentIntent (a package) or Invoice (a period of a plan). */
export const payments = pgTable(
  'payments',
  {
    id: uuid().primaryKey().defaultRandom(),
    customerId: uuid('customer_id').notNull(),
    offerId: uuid('offer_id').notNull(),
    stripePaymentIntentId: text('stripe_payment_intent_id'),
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
    /** Partial, as that of customers: the PaymentIntent may be learned while credits of the payment are granted. */
    uniqueIndex('payments_stripe_payment_intent_id_unique')
      .on(table.stripePaymentIntentId)
      .where(sql`${table.stripePaymentIntentId} is not null`),
    index('payments_customer_id_paid_at').on(table.customerId, table.paidAt),
    index('payments_stripe_subscription_id').on(table.stripeSubscriptionId),
    index('payments_of_plans')
      .on(table.customerId, table.periodEnd)
      .where(sql`${table.stripeSubscriptionId} is not null`),
  ],
);

/** What a comparison with Stripe's books found. */
export const reconciliations = pgTable(
  'reconciliations',
  {
    id: uuid().primaryKey().defaultRandom(),
    startedAt: instant('started_at').notNull(),
    finishedAt: instant('finished_at').notNull(),
    /** How many of each were compared. */
    compared: jsonb().$type<Readonly<Record<string, number>>>().notNull(),
    differences: jsonb().$type<readonly unknown[]>().notNull(),
  },
  (table) => [index('reconciliations_finished_at').on(table.finishedAt)],
);
