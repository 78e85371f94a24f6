import { pgTable, text, timestamp, unique, uuid } from 'drizzle-orm/pg-core';

/** Who pays. A person is known by who vouches for them (issuer) and the name they go by there (subject). */
export const customers = pgTable(
  'customers',
  {
    id: uuid().primaryKey().defaultRandom(),
    issuer: text().notNull(),
    subject: text().notNull(),
    email: text(),
    name: text(),
    stripeCustomerId: text('stripe_customer_id').unique('customers_stripe_customer_id_unique'),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [unique('customers_issuer_subject_unique').on(table.issuer, table.subject)],
);
