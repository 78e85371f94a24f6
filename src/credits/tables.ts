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
import { payments } from '../billing/tables.ts';
import { customers } from '../customers/tables.ts';
import { prices } from '../pricing/tables.ts';
import { transactionTypes } from './transaction-types.ts';

const instant = (name: string) => timestamp(name, { withTimezone: true });
const credits = (name: string) => bigint(name, { mode: 'number' });

/**
 * What a customer has. The row is the lock that every movement of the customer's credits takes first. Beside the
 * balance it keeps what the ledger's rows add up to, so that no answer depends on how many of them there are.
 * balance = sum of the ledger = what the lots have left - debt; available = balance - held.
 */
export const creditAccounts = pgTable(
  'credit_accounts',
  {
    customerId: uuid('customer_id').primaryKey(),
    balance: credits('balance').notNull().default(0),
    /** Reserved by active holds. */
    held: credits('held').notNull().default(0),
    /** Taken back beyond what was there: the next credits repay it, and until then nothing is spent. */
    debt: credits('debt').notNull().default(0),
    /** Ever spent or captured. */
    used: credits('used').notNull().default(0),
    /** Ever bought in packages. */
    purchased: credits('purchased').notNull().default(0),
    /** Credits a month of the plan that granted last, and what `used` was then. */
    allocation: credits('allocation').notNull().default(0),
    usedAtReset: credits('used_at_reset').notNull().default(0),
    lastResetAt: instant('last_reset_at'),
    /** Since when less than a fifth of the allocation is available; null: more is. */
    lowSince: instant('low_since'),
    /** The sequence number of the account's newest transaction. */
    lastSequence: credits('last_sequence').notNull().default(0),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (table) => [
    foreignKey({
      name: 'credit_accounts_customer_id_fk',
      columns: [table.customerId],
      foreignColumns: [customers.id],
    }),
    check('credit_accounts_held_not_negative', sql`${table.held} >= 0`),
    check('credit_accounts_debt_not_negative', sql`${table.debt} >= 0`),
  ],
);

/**
 * One grant and what is left of it. (source, source_ref) names the fact that granted it: one fact, one lot.
 * `plan` credits roll over and end with their subscription; `promotional` and `purchased` ones do neither.
 */
export const creditLots = pgTable(
  'credit_lots',
  {
    id: uuid().primaryKey().defaultRandom(),
    customerId: uuid('customer_id').notNull(),
    kind: text({ enum: ['plan', 'promotional', 'purchased'] })
      .notNull()
      .default('purchased'),
    source: text({
      enum: [
        'checkout_session',
        'invoice_line',
        'invoice_proration',
        'plan_month',
        'top_up',
        'admin',
        'import',
      ],
    }).notNull(),
    sourceRef: text('source_ref').notNull(),
    /** The offer that was sold: later changes of the catalogue never change what was bought. */
    offerId: uuid('offer_id'),
    /** What paid for it: when the money goes back, so do the credits. */
    paymentId: uuid('payment_id'),
    /** The subscription of Stripe's that a plan's credits belong to. */
    stripeSubscriptionId: text('stripe_subscription_id'),
    granted: credits('granted').notNull(),
    remaining: credits('remaining').notNull(),
    /** The part of what remains that active holds have reserved. */
    held: credits('held').notNull().default(0),
    /** Unspent when their time was over. */
    expired: credits('expired').notNull().default(0),
    /** Taken back because the money went back: of this lot, of others where it had no more, or as debt. */
    reversed: credits('reversed').notNull().default(0),
    /** How often `reversed` has changed: names each of these movements. */
    reversals: integer().notNull().default(0),
    /** The end of the month of a plan that was paid for; what rolls over keeps it, and gets a later `expires_at`. */
    periodEnd: instant('period_end'),
    expiresAt: instant('expires_at'),
    /** A plan's credits of a living subscription: they wait for its renewal, even beyond `expires_at`. */
    renews: boolean().notNull().default(false),
    /** Changes only when the lot is used up or filled again: the indices of open lots need no other update. */
    isOpen: boolean('is_open')
      .notNull()
      .generatedAlwaysAs(sql`remaining > 0`),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (table) => [
    foreignKey({
      name: 'credit_lots_customer_id_fk',
      columns: [table.customerId],
      foreignColumns: [creditAccounts.customerId],
    }),
    foreignKey({ name: 'credit_lots_offer_id_fk', columns: [table.offerId], foreignColumns: [prices.id] }),
    foreignKey({
      name: 'credit_lots_payment_id_fk',
      columns: [table.paymentId],
      foreignColumns: [payments.id],
    }),
    unique('credit_lots_source_unique').on(table.source, table.sourceRef),
    check('credit_lots_kind_known', sql`${table.kind} in ('plan', 'promotional', 'purchased')`),
    check(
      'credit_lots_source_known',
      sql`${table.source} in ('checkout_session', 'invoice_line', 'invoice_proration', 'plan_month', 'top_up', 'admin', 'import')`,
    ),
    check('credit_lots_granted_positive', sql`${table.granted} > 0`),
    check('credit_lots_remaining_range', sql`${table.remaining} between 0 and ${table.granted}`),
    check('credit_lots_held_range', sql`${table.held} between 0 and ${table.remaining}`),
    check(
      'credit_lots_parts',
      sql`${table.expired} >= 0 and ${table.remaining} + ${table.expired} <= ${table.granted}
        and ${table.reversed} between 0 and ${table.granted}`,
    ),
    index('credit_lots_open')
      .on(table.customerId)
      .where(sql`is_open`),
    index('credit_lots_expiring')
      .on(table.expiresAt)
      .where(sql`is_open and not renews`),
    index('credit_lots_customer_id').on(table.customerId, table.createdAt),
    index('credit_lots_plan')
      .on(table.customerId, table.periodEnd)
      .where(sql`kind = 'plan'`),
    index('credit_lots_payment_id')
      .on(table.paymentId)
      .where(sql`payment_id is not null`),
    index('credit_lots_subscription')
      .on(table.stripeSubscriptionId)
      .where(sql`is_open`),
  ],
);

/** The ledger: append-only (trigger), one row for each movement, signed, with what it led to. */
export const creditTransactions = pgTable(
  'credit_transactions',
  {
    id: uuid().primaryKey().defaultRandom(),
    customerId: uuid('customer_id').notNull(),
    /** 1, 2, 3, … in each account, without gaps: a missing entry shows. */
    sequence: credits('sequence').notNull(),
    transactionType: text('transaction_type', { enum: transactionTypes }).notNull(),
    /** What the balance changed by: what its lots changed by, less what the debt changed by. */
    amount: credits('amount').notNull(),
    debtChange: credits('debt_change').notNull().default(0),
    balanceAfter: credits('balance_after').notNull(),
    heldAfter: credits('held_after').notNull().default(0),
    debtAfter: credits('debt_after').notNull().default(0),
    operationType: text('operation_type'),
    operationDetails: jsonb('operation_details').$type<Readonly<Record<string, unknown>>>(),
    quantity: credits('quantity'),
    description: text().notNull(),
    /** Why a person did it. */
    reason: text(),
    sourceRef: text('source_ref').notNull(),
    /** Under which key its customer, or a service, asked for it, and the SHA-256 of what was asked. */
    idempotencyKey: text('idempotency_key'),
    requestHash: text('request_hash'),
    /** The webhook event that caused it, where one did. */
    eventId: text('event_id'),
    actor: text().notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    /**
     * Counts up over all accounts, in about the order in which entries came; null of those from before there were
     * totals. Whoever takes one has a transaction id before: when all those that were given out then have ended, so has
     * every entry up to it.
     */
    position: bigint({ mode: 'number' }).default(
      sql`case when pg_current_xact_id() is not null then nextval('credit_transactions_position_seq'::regclass) end`,
    ),
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
    index('credit_transactions_created_at').on(table.customerId, table.createdAt),
    index('credit_transactions_event_id')
      .on(table.eventId)
      .where(sql`${table.eventId} is not null`),
    // Few beside what is used, and looked for among it.
    index('credit_transactions_not_used')
      .on(table.customerId, table.sequence)
      .where(sql`transaction_type not in ('spend', 'capture')`),
    index('credit_transactions_position')
      .on(table.position)
      .where(sql`position is not null`),
    check(
      'credit_transactions_moves_something',
      sql`${table.amount} <> 0 or ${table.debtChange} <> 0 or ${table.transactionType} in ('spend', 'capture')`,
    ),
    check(
      'credit_transactions_type_known',
      sql.raw(`transaction_type in (${transactionTypes.map((type) => `'${type}'`).join(', ')})`),
    ),
  ],
);

/** Which lot gained or lost how much by which transaction. Append-only (trigger): a lot is the sum of its rows. */
export const creditTransactionLots = pgTable(
  'credit_transaction_lots',
  {
    transactionId: uuid('transaction_id').notNull(),
    lotId: uuid('lot_id').notNull(),
    amount: credits('amount').notNull(),
    /** When the lot was to expire then (trigger): a rollover changes it later, and no answer that was given. */
    expiresAt: instant('expires_at'),
  },
  (table) => [
    primaryKey({ name: 'credit_transaction_lots_pk', columns: [table.transactionId, table.lotId] }),
    foreignKey({
      name: 'credit_transaction_lots_transaction_fk',
      columns: [table.transactionId],
      foreignColumns: [creditTransactions.id],
    }),
    foreignKey({
      name: 'credit_transaction_lots_lot_id_fk',
      columns: [table.lotId],
      foreignColumns: [creditLots.id],
    }),
    check('credit_transaction_lots_amount_not_zero', sql`${table.amount} <> 0`),
  ],
);

/** What one use of each operation costs. Each change has its row in pricing_history (trigger). */
export const creditCosts = pgTable(
  'credit_costs',
  {
    operationType: text('operation_type').primaryKey(),
    credits: credits('credits').notNull(),
    version: integer().notNull().default(1),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (table) => [
    check('credit_costs_operation_type_format', sql`${table.operationType} ~ '^[a-z0-9][a-z0-9_]{0,62}$'`),
    check('credit_costs_credits_range', sql`${table.credits} between 0 and 1000000000`),
  ],
);
