import { sql } from 'drizzle-orm';
import {
  bigint,
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
import { creditAccounts, creditLots } from './tables.ts';

const instant = (name: string) => timestamp(name, { withTimezone: true });
const credits = (name: string) => bigint(name, { mode: 'number' });

/** Credits reserved for work whose cost is not known yet. What was reserved can be captured, whatever else happens. */
export const creditHolds = pgTable(
  'credit_holds',
  {
    id: uuid().primaryKey(),
    customerId: uuid('customer_id').notNull(),
    amount: credits('amount').notNull(),
    captured: credits('captured'),
    status: text({ enum: ['active', 'captured', 'released', 'expired'] })
      .notNull()
      .default('active'),
    operationType: text('operation_type'),
    operationDetails: jsonb('operation_details').$type<Readonly<Record<string, unknown>>>(),
    description: text().notNull(),
    actor: text().notNull(),
    /** The account as this hold left it, for the answer. */
    balanceAfter: credits('balance_after').notNull(),
    heldAfter: credits('held_after').notNull(),
    idempotencyKey: text('idempotency_key'),
    requestHash: text('request_hash'),
    expiresAt: instant('expires_at').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    settledAt: instant('settled_at'),
    /** The operation that captured or released it, which is told the same when it comes again. */
    settledBy: uuid('settled_by'),
  },
  (table) => [
    foreignKey({
      name: 'credit_holds_customer_id_fk',
      columns: [table.customerId],
      foreignColumns: [creditAccounts.customerId],
    }),
    unique('credit_holds_idempotency_key_unique').on(table.customerId, table.idempotencyKey),
    check('credit_holds_amount_not_negative', sql`${table.amount} >= 0`),
    check('credit_holds_captured_range', sql`${table.captured} between 0 and ${table.amount}`),
    check('credit_holds_status_known', sql`${table.status} in ('active', 'captured', 'released', 'expired')`),
    index('credit_holds_active')
      .on(table.expiresAt)
      .where(sql`${table.status} = 'active'`),
    index('credit_holds_active_of_customer')
      .on(table.customerId)
      .where(sql`${table.status} = 'active'`),
    index('credit_holds_customer_id').on(table.customerId, table.createdAt),
  ],
);

/** Which lots a hold has reserved how much of, in the order in which they would pay. */
export const creditHoldLots = pgTable(
  'credit_hold_lots',
  {
    holdId: uuid('hold_id').notNull(),
    position: integer().notNull(),
    lotId: uuid('lot_id').notNull(),
    amount: credits('amount').notNull(),
  },
  (table) => [
    primaryKey({ name: 'credit_hold_lots_pk', columns: [table.holdId, table.position] }),
    foreignKey({
      name: 'credit_hold_lots_hold_id_fk',
      columns: [table.holdId],
      foreignColumns: [creditHolds.id],
    }),
    foreignKey({
      name: 'credit_hold_lots_lot_id_fk',
      columns: [table.lotId],
      foreignColumns: [creditLots.id],
    }),
    check('credit_hold_lots_amount_positive', sql`${table.amount} > 0`),
  ],
);
