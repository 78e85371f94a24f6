import { and, desc, eq, exists, gt, inArray, isNull, notExists, sql } from 'drizzle-orm';
import type { User } from '../core/actor.ts';
import { isUser } from '../customers/index.ts';
import { customers } from '../customers/tables.ts';
import { build } from '../db/index.ts';
import { prices, subscriptionPlans } from '../pricing/tables.ts';
import { checkouts, payments } from './tables.ts';

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

/** The newest plan payment whose period is not over at `now`; no row when nothing is paid for. */
export function findActivePlan(user: User, now: Date) {
  return build
    .select({
      key: subscriptionPlans.planKey,
      name: subscriptionPlans.name,
      credits: prices.credits,
      startedAt: sql`(
        select min(first.paid_at) from payments as first
        where first.customer_id = ${payments.customerId}
          and first.stripe_subscription_id is not distinct from ${payments.stripeSubscriptionId}
          and first.period_end is not null
      )`.mapWith(payments.paidAt),
      endsAt: sql`${payments.periodEnd}`.mapWith(payments.paidAt),
    })
    .from(payments)
    .innerJoin(customers, eq(customers.id, payments.customerId))
    .innerJoin(prices, eq(prices.id, payments.offerId))
    .innerJoin(subscriptionPlans, eq(subscriptionPlans.id, prices.planId))
    .where(and(isUser(user), gt(payments.periodEnd, now)))
    .orderBy(desc(payments.paidAt), desc(payments.createdAt))
    .limit(1);
}

/** Whether money arrived, and whether a completed subscription still waits for its first invoice. */
export function summarisePayments(user: User) {
  const money = build
    .select({ id: payments.id })
    .from(payments)
    .where(and(eq(payments.customerId, customers.id), gt(payments.amountMinor, 0)));
  const invoice = build
    .select({ id: payments.id })
    .from(payments)
    .where(eq(payments.stripeSubscriptionId, checkouts.stripeSubscriptionId));
  const waiting = build
    .select({ id: checkouts.id })
    .from(checkouts)
    .where(
      and(
        eq(checkouts.customerId, customers.id),
        eq(checkouts.mode, 'subscription'),
        inArray(checkouts.status, ['processing', 'paid']),
        notExists(invoice),
      ),
    );
  return build
    .select({ hasPaid: sql<boolean>`${exists(money)}`, isPending: sql<boolean>`${exists(waiting)}` })
    .from(customers)
    .where(isUser(user));
}
