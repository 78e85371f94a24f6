import { and, desc, eq, isNull, sql } from 'drizzle-orm';
import type { AccountReference } from '../core/actor.ts';
import { customerIdOf } from '../customers/index.ts';
import { build, instant } from '../db/index.ts';
import { creditPackages, prices, subscriptionPlans } from '../pricing/tables.ts';
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

/** What an account has paid before a payment (its instant, in Stripe's whole seconds, and id), newest first. */
export function selectPayments(
  account: AccountReference,
  before: readonly [Date, string] | undefined,
  limit: number,
) {
  return build
    .select({
      id: payments.id,
      kind: sql<'plan' | 'package'>`case when ${prices.planId} is null then 'package' else 'plan' end`,
      name: sql<string>`coalesce(${subscriptionPlans.name}, ${creditPackages.name})`,
      amountMinor: payments.amountMinor,
      currency: payments.currency,
      refundedMinor: payments.refundedMinor,
      disputedMinor: payments.disputedMinor,
      disputeStatus: payments.disputeStatus,
      paidAt: payments.paidAt,
      periodStart: payments.periodStart,
      periodEnd: payments.periodEnd,
    })
    .from(payments)
    .innerJoin(prices, eq(prices.id, payments.offerId))
    .leftJoin(subscriptionPlans, eq(subscriptionPlans.id, prices.planId))
    .leftJoin(creditPackages, eq(creditPackages.id, prices.packageId))
    .where(
      and(
        eq(payments.customerId, customerIdOf(account)),
        before && sql`(${payments.paidAt}, ${payments.id}) < (${instant(before[0])}, ${before[1]}::uuid)`,
      ),
    )
    .orderBy(desc(payments.paidAt), desc(payments.id))
    .limit(limit);
}
