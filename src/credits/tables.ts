import { sql } from 'drizzle-orm';
import {
  bigint,
  check,
  foreignKey,
  index,
  jsonb,
  pgTable,
  text,
  timestamp,
  unique,
  uuid,
} from 'drizzle-orm/pg-core';
import { customers } from '../customers/tables.ts';
import { prices } from '../pricing/tables.ts';

/** What a customer has. The row is the lock that every movement of the customer's credits takes first. */
export const creditAccounts = pgTable(
  'credit_accounts',
  {
    customerId: uuid('customer_id').primaryKey(),
    balance: bigint({ mode: 'number' }).notNull().default(0),
    /** The sequence number of the account's newest transaction. */
    lastSequence: bigint('last_sequence', { mode: 'number' }).notNull().default(0),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    foreignKey({
      name: 'credit_accounts_customer_id_fk',
      columns: [table.customerId],
      foreignColumns: [customers.id],
    }),
  ],
);

/** One grant and what is left of it. (source, source_ref) names the fact that granted it: one fact, one lot. */
export const creditLots = pgTable(
  'credit_lots',
  {
    id: uuid().primaryKey().defaultRandom(),
    customerId: uuid('customer_id').notNull(),
    source: text({ enum: ['checkout_session', 'invoice_line', 'import'] }).notNull(),
    sourceRef: text('source_ref').notNull(),
    /** The offer that was sold: later changes of the catalogue never change what was bought. */
    offerId: uuid('offer_id'),
    granted: bigint({ mode: 'number' }).notNull(),
    remaining: bigint({ mode: 'number' }).notNull(),
    expiresAt: timestamp('expires_at', { withTimezone: true }),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    foreignKey({
      name: 'credit_lots_customer_id_fk',
      columns: [table.customerId],
      foreignColumns: [creditAccounts.customerId],
    }),
    foreignKey({ name: 'credit_lots_offer_id_fk', columns: [table.offerId], foreignColumns: [prices.id] }),
    unique('credit_lots_source_unique').on(table.source, table.sourceRef),
    check('credit_lots_source_known', sql`${table.source} in ('checkout_session', 'invoice_line', 'import')`),
    check('credit_lots_granted_positive', sql`${table.granted} > 0`),
    check('credit_lots_remaining_range', sql`${table.remaining} between 0 and ${table.granted}`),
    index('credit_lots_customer_id').on(table.customerId),
  ],
);

/** The ledger: append-only (trigger), one row for each movement, signed, with the balance that it led to. */
export const creditTransactions = pgTable(
  'credit_transactions',
  {
    id: uuid().primaryKey().defaultRandom(),
    customerId: uuid('customer_id').notNull(),
    /** 1, 2, 3, … in each account, without gaps: a missing entry shows. */
    sequence: bigint({ mode: 'number' }).notNull(),
    transactionType: text('transaction_type', {
      enum: ['purchase', 'subscription_grant', 'import'],
    }).notNull(),
    amount: bigint({ mode: 'number' }).notNull(),
    balanceAfter: bigint('balance_after', { mode: 'number' }).notNull(),
    operationType: text('operation_type'),
    operationDetails: jsonb('operation_details').$type<Readonly<Record<string, unknown>>>(),
    description: text().notNull(),
    sourceRef: text('source_ref').notNull(),
    idempotencyKey: text('idempotency_key'),
    /** The webhook event that caused it, where one did. */
    eventId: text('event_id'),
    actor: text().notNull(),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    foreignKey({
      name: 'credit_transactions_customer_id_fk',
      columns: [table.customerId],
      foreignColumns: [creditAccounts.customerId],
    }),
    unique('credit_transactions_sequence_unique').on(table.customerId, table.sequence),
    unique('credit_transactions_source_unique').on(table.transactionType, table.sourceRef),
    unique('credit_transactions_idempotency_key_unique').on(table.customerId, table.idempotencyKey),
    check('credit_transactions_amount_not_zero', sql`${table.amount} <> 0`),
    check(
      'credit_transactions_type_known',
      sql`${table.transactionType} in ('purchase', 'subscription_grant', 'import')`,
    ),
  ],
);

/** What one use of each operation costs. */
export const creditCosts = pgTable(
  'credit_costs',
  {
    operationType: text('operation_type').primaryKey(),
    credits: bigint({ mode: 'number' }).notNull(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    check('credit_costs_operation_type_format', sql`${table.operationType} ~ '^[a-z0-9][a-z0-9_]{0,62}$'`),
    check('credit_costs_credits_range', sql`${table.credits} between 0 and 1000000000`),
  ],
);
