import { isNull, sql } from 'drizzle-orm';
import { build } from '../db/index.ts';
import { payments } from './tables.ts';

type NewPayment = typeof payments.$inferInsert;

/**
 * Money that arrived. The PaymentIntent or Invoice is unique: told again, it changes nothing, but an invoice whose
 * PaymentIntent was not known before gets it.
 */
export function recordPayment(payment: NewPayment) {
  const insert = build.insert(payments).values(payment);
  if (payment.stripeInvoiceId === undefined || payment.stripeInvoiceId === null) {
    return insert.onConflictDoNothing();
  }
  return insert.onConflictDoUpdate({
    target: payments.stripeInvoiceId,
    set: { stripePaymentIntentId: sql`excluded.stripe_payment_intent_id` },
    setWhere: isNull(payments.stripePaymentIntentId),
  });
}
