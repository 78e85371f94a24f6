import { sql } from 'drizzle-orm';
import { check, index, jsonb, pgTable, text, timestamp, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { alertKinds } from './alert-kinds.ts';

const instant = (name: string) => timestamp(name, { withTimezone: true });

/** What an operator should know: opened once when it begins, closed once when it is over. */
export const alerts = pgTable(
  'alerts',
  {
    id: uuid().primaryKey().defaultRandom(),
    kind: text({ enum: alertKinds }).notNull(),
    /** What it is about, among alerts of its kind; empty where there is one only. */
    subject: text().notNull().default(''),
    /** Figures, as they last were while it was open. */
    data: jsonb().$type<Readonly<Record<string, unknown>>>().notNull(),
    openedAt: instant('opened_at').notNull().defaultNow(),
    lastSeenAt: instant('last_seen_at').notNull().defaultNow(),
    closedAt: instant('closed_at'),
    acknowledgedAt: instant('acknowledged_at'),
    acknowledgedBy: text('acknowledged_by'),
    note: text(),
  },
  (table) => [
    check(
      'alerts_kind_known',
      sql`${table.kind} in (${sql.raw(alertKinds.map((kind) => `'${kind}'`).join(', '))})`,
    ),
    uniqueIndex('alerts_open')
      .on(table.kind, table.subject)
      .where(sql`${table.closedAt} is null`),
    index('alerts_opened_at').on(table.openedAt, table.id),
    index('alerts_kind').on(table.kind, table.openedAt, table.id),
    index('alerts_unacknowledged')
      .on(table.openedAt, table.id)
      .where(sql`${table.acknowledgedAt} is null`),
  ],
);

/** When a part of the installation was last seen at work: `cron` and `queue`. */
export const heartbeats = pgTable('heartbeats', {
  name: text({ enum: ['cron', 'queue'] }).primaryKey(),
  beatAt: instant('beat_at').notNull(),
});
