import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  foreignKey,
  index,
  integer,
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

/** A customer's wish to buy a package by itself whenever fewer credits than `threshold` are available. */
export const autoTopUps = pgTable(
  'auto_top_ups',
  {
    customerId: uuid('customer_id').primaryKey(),
    isEnabled: boolean('is_enabled').notNull(),
    threshold: bigint({ mode: 'number' }).notNull(),
    packageId: uuid('package_id').notNull(),
    /** What the customer was shown: worse terms are never charged. Null: was not on sale when it was switched off. */
    offerId: uuid('offer_id'),
    /** At most this much money in a calendar month (UTC), in the package's currency. */
    monthlyCapMinor: minorUnits('monthly_cap_minor').notNull(),
    /** Declines in a row. After the last one allowed it stops until the customer acts. */
    declines: integer().notNull().default(0),
    stoppedAt: instant('stopped_at'),
    stoppedReason: text('stopped_reason'),
    /** Not before then: after a decline, and when the month's cap is reached. */
    nextAttemptAt: instant('next_attempt_at'),
    /** Since when fewer credits than the threshold are available; null: enough are. Kept by a trigger. */
    dueSince: instant('due_since'),
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
    foreignKey({ name: 'auto_top_ups_offer_id_fk', columns: [table.offerId], foreignColumns: [prices.id] }),
    index('auto_top_ups_due')
      .on(table.dueSince)
      .where(sql`${table.isEnabled} and ${table.stoppedAt} is null and ${table.dueSince} is not null`),
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
    /** Kept before it is confirmed: no other one ever moves money for this top-up. */
    stripePaymentIntentId: text('stripe_payment_intent_id').unique('top_ups_stripe_payment_intent_id_unique'),
    failureCode: text('failure_code'),
    /** Until then somebody is asking Stripe, or there is nothing to ask it. */
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
    index('top_ups_lease_until')
      .on(table.leaseUntil)
      .where(sql`${table.status} in ('started', 'processing')`),
    index('top_ups_customer_id').on(table.customerId, table.createdAt),
  ],
);
