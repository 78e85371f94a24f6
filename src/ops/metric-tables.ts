import { bigint, doublePrecision, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';

const count = (name: string) => bigint(name, { mode: 'number' });

const counted = {
  name: text().notNull(),
  labels: text().array().notNull(),
  count: count('count').notNull(),
  /** What the counted ones add up to, where they have a size: seconds, credits. */
  amount: doublePrecision().notNull().default(0),
};

/** What has been counted: by isolates, which add now and then, and by triggers, out of `metric_changes`. */
export const metricCounts = pgTable('metric_counts', counted, (table) => [
  primaryKey({ name: 'metric_counts_pk', columns: [table.name, table.labels] }),
]);

/**
 * What triggers have counted since the last roll-up. Whoever writes adds a row of its own: nobody waits for anybody, as
 * all would for the row of a total.
 */
export const metricChanges = pgTable('metric_changes', counted);

/** The sums of the ledger up to the mark. */
export const ledgerTotals = pgTable('ledger_totals', {
  transactionType: text('transaction_type').primaryKey(),
  transactions: count('transactions').notNull(),
  /** What came to balances, and what left them: the sums of the positive and of the negative amounts. */
  added: count('added').notNull(),
  removed: count('removed').notNull(),
  debtChange: count('debt_change').notNull(),
});

/** Up to which position an append-only table is in the totals, and how far it may be at the next roll-up. */
export const ledgerMarks = pgTable('ledger_marks', {
  /** `credit_transactions` */
  ledger: text().primaryKey(),
  /** Every entry up to this position has ended, and is counted. */
  position: count('position').notNull().default(0),
  nextPosition: count('next_position'),
  /** Whoever has taken a position up to `next_position` has a lower transaction id than this (xid8). */
  nextXid: text('next_xid'),
});
