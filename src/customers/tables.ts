import { sql } from 'drizzle-orm';
import {
  foreignKey,
  index,
  jsonb,
  pgTable,
  text,
  timestamp,
  unique,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';

/** Who pays. A person is known by who vouches for them (issuer) and the name they go by there (subject). */
export const customers = pgTable(
  'customers',
  {
    id: uuid().primaryKey().defaultRandom(),
    issuer: text().notNull(),
    subject: text().notNull(),
    email: text(),
    name: text(),
    stripeCustomerId: text('stripe_customer_id'),
    /** When the account was deleted: nothing is sold to it any more, and it gets no address and name back. */
    closedAt: timestamp('closed_at', { withTimezone: true }),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    unique('customers_issuer_subject_unique').on(table.issuer, table.subject),
    /**
     * Partial, so that it is no key that rows of other tables could refer to: keeping the id then waits for none that
     * only refer to the customer, nor do they wait for it.
     */
    uniqueIndex('customers_stripe_customer_id_unique')
      .on(table.stripeCustomerId)
      .where(sql`${table.stripeCustomerId} is not null`),
    /** By bytes, for beginnings of addresses. */
    index('customers_email').on(sql`lower(${table.email}) text_pattern_ops`),
    index('customers_created_at').on(table.createdAt, table.id),
    index('customers_subject').on(table.subject),
  ],
);

/** Something that the customer, or the product, is to be told of: written with what it tells of, in one transaction. */
export const customerNotices = pgTable(
  'customer_notices',
  {
    id: uuid().primaryKey().defaultRandom(),
    customerId: uuid('customer_id').notNull(),
    /** Such as `credits.low` and `top_up.stopped`. */
    noticeType: text('notice_type').notNull(),
    data: jsonb().$type<Readonly<Record<string, unknown>>>().notNull(),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    foreignKey({
      name: 'customer_notices_customer_id_fk',
      columns: [table.customerId],
      foreignColumns: [customers.id],
    }),
    index('customer_notices_customer_id').on(table.customerId, table.createdAt),
  ],
);
