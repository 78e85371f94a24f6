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
  uuid,
} from 'drizzle-orm/pg-core';

const timestamps = {
  createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
};

/** What a plan and a package have in common: shown or not, in which order, and their Product at Stripe. */
const catalogueItem = {
  id: uuid().primaryKey().defaultRandom(),
  name: text().notNull(),
  isActive: boolean('is_active').notNull().default(true),
  sortOrder: integer('sort_order').notNull().default(0),
  /** Counts up with every change of the item or of its offers; `If-Match` compares it. */
  version: integer().notNull().default(1),
};

const stripeProduct = {
  /** The version of the item that the Stripe Product was last brought up to; behind `version` means to do. */
  stripeSyncedVersion: integer('stripe_synced_version').notNull().default(0),
};

export const subscriptionPlans = pgTable(
  'subscription_plans',
  {
    ...catalogueItem,
    planKey: text('plan_key').notNull().unique('subscription_plans_plan_key_unique'),
    interval: text({ enum: ['month', 'year'] }).notNull(),
    /** How many unspent plan credits survive a renewal; null: all. */
    rolloverCap: bigint('rollover_cap', { mode: 'number' }),
    /** What a trial of the plan grants. */
    trialCredits: bigint('trial_credits', { mode: 'number' }).notNull().default(0),
    features: jsonb().$type<readonly string[]>().notNull().default([]),
    stripeProductId: text('stripe_product_id').unique('subscription_plans_stripe_product_id_unique'),
    ...stripeProduct,
    ...timestamps,
  },
  (table) => [
    check('subscription_plans_plan_key_format', sql`${table.planKey} ~ '^[a-z0-9][a-z0-9_]{0,62}$'`),
    check('subscription_plans_interval_known', sql`${table.interval} in ('month', 'year')`),
    check('subscription_plans_rollover_cap_not_negative', sql`${table.rolloverCap} >= 0`),
    check('subscription_plans_trial_credits_range', sql`${table.trialCredits} between 0 and 1000000000000`),
    check('subscription_plans_features_list', sql`jsonb_typeof(${table.features}) = 'array'`),
  ],
);

export const creditPackages = pgTable(
  'credit_packages',
  {
    ...catalogueItem,
    packageKey: text('package_key').notNull().unique('credit_packages_package_key_unique'),
    description: text(),
    badge: text(),
    stripeProductId: text('stripe_product_id').unique('credit_packages_stripe_product_id_unique'),
    ...stripeProduct,
    ...timestamps,
  },
  (table) => [
    check('credit_packages_package_key_format', sql`${table.packageKey} ~ '^[a-z0-9][a-z0-9_]{0,62}$'`),
  ],
);

/**
 * The immutable offer: what one item costs, in one currency, for how many credits, from when to when.
 * Only `valid_to` and what mirrors Stripe may change (trigger `prices_immutable`); two offers of one item never
 * overlap in time (exclusion constraint `prices_one_offer_at_a_time`, in SQL: Drizzle cannot express it).
 */
export const prices = pgTable(
  'prices',
  {
    id: uuid().primaryKey().defaultRandom(),
    planId: uuid('plan_id'),
    packageId: uuid('package_id'),
    currency: text().notNull(),
    /** In the currency's minor unit (pence, cents; yen for JPY). */
    amountMinor: bigint('amount_minor', { mode: 'number' }).notNull(),
    /** Per month for a plan, once for a package. */
    credits: bigint({ mode: 'number' }).notNull(),
    interval: text({ enum: ['month', 'year'] }),
    stripePriceId: text('stripe_price_id').unique('prices_stripe_price_id_unique'),
    /** What Stripe was last told of this offer; where it differs from what holds now, there is work to do. */
    stripeState: text('stripe_state', { enum: ['none', 'scheduled', 'on_sale', 'archived'] })
      .notNull()
      .default('none'),
    validFrom: timestamp('valid_from', { withTimezone: true }).notNull().defaultNow(),
    validTo: timestamp('valid_to', { withTimezone: true }),
    createdBy: text('created_by').notNull(),
    reason: text(),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    foreignKey({
      name: 'prices_plan_id_fk',
      columns: [table.planId],
      foreignColumns: [subscriptionPlans.id],
    }),
    foreignKey({
      name: 'prices_package_id_fk',
      columns: [table.packageId],
      foreignColumns: [creditPackages.id],
    }),
    check('prices_one_item', sql`num_nonnulls(${table.planId}, ${table.packageId}) = 1`),
    check('prices_currency_iso_4217', sql`${table.currency} ~ '^[A-Z]{3}$'`),
    check('prices_amount_minor_range', sql`${table.amountMinor} between 0 and 99999999`),
    check('prices_credits_range', sql`${table.credits} between 0 and 1000000000000`),
    check('prices_interval_of_plans', sql`(${table.planId} is null) = (${table.interval} is null)`),
    check('prices_interval_known', sql`${table.interval} in ('month', 'year')`),
    check('prices_valid_order', sql`${table.validTo} >= ${table.validFrom}`),
    check(
      'prices_stripe_state_known',
      sql`${table.stripeState} in ('none', 'scheduled', 'on_sale', 'archived')`,
    ),
    index('prices_plan_id_valid_from').on(table.planId, table.validFrom),
    index('prices_package_id_valid_from').on(table.packageId, table.validFrom),
  ],
);

/** Who changed which field of which item, from what to what. Written by triggers alone; append-only. */
export const pricingHistory = pgTable(
  'pricing_history',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    itemType: text('item_type', { enum: ['plan', 'package', 'operation'] }).notNull(),
    itemKey: text('item_key').notNull(),
    fieldChanged: text('field_changed').notNull(),
    oldValue: jsonb('old_value'),
    newValue: jsonb('new_value'),
    /** From when the new value holds: later than `changed_at` for a change that was scheduled. */
    effectiveFrom: timestamp('effective_from', { withTimezone: true }).notNull(),
    changedBy: text('changed_by').notNull(),
    reason: text(),
    requestId: text('request_id'),
    /** The operation that made the change: one whose answer was lost knows by it that it is done. */
    operationId: uuid('operation_id'),
    changedAt: timestamp('changed_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    check('pricing_history_item_type_known', sql`${table.itemType} in ('plan', 'package', 'operation')`),
    index('pricing_history_item').on(table.itemType, table.itemKey, table.id),
    index('pricing_history_changed_at').on(table.changedAt),
    index('pricing_history_operation_id').on(table.operationId),
  ],
);

/**
 * One row for each cached document (`prices`, `credit_costs`), counted up by triggers in the transaction of every
 * change to what the document shows: of two copies, the one with the higher version is the newer.
 */
export const catalogueVersions = pgTable('catalogue_versions', {
  document: text({ enum: ['prices', 'credit_costs'] }).primaryKey(),
  version: bigint({ mode: 'number' }).notNull().default(1),
});
