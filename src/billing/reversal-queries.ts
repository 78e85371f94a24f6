import { eq, sql } from 'drizzle-orm';
import { build, instant } from '../db/index.ts';
import type { MoneyBack } from './reversals.ts';
import { payments } from './tables.ts';
import { topUps } from './top-up-tables.ts';

const known = {
  id: payments.id,
  customerId: payments.customerId,
  stripePaymentIntentId: payments.stripePaymentIntentId,
  stripeInvoiceId: payments.stripeInvoiceId,
  currency: payments.currency,
  amountMinor: payments.amountMinor,
  /** To be read before Stripe is asked: `reversePayment` refuses what was looked at with an older one. */
  version: payments.version,
};

export function findPaymentByIntent(paymentIntentId: string) {
  return build.select(known).from(payments).where(eq(payments.stripePaymentIntentId, paymentIntentId));
}

export function findPaymentByInvoice(invoiceId: string) {
  return build.select(known).from(payments).where(eq(payments.stripeInvoiceId, invoiceId));
}

export type KnownPayment = Awaited<ReturnType<typeof findPaymentByIntent>>[number];

/** The automatic top-up that a PaymentIntent is of: our row names it before any money moves. */
export function findTopUp(paymentIntentId: string) {
  return build
    .select({ id: topUps.id })
    .from(topUps)
    .where(eq(topUps.stripePaymentIntentId, paymentIntentId));
}

export interface PaymentReversal {
  readonly payment: Pick<KnownPayment, 'id' | 'version'>;
  readonly back: MoneyBack;
  readonly eventId: string | null;
  readonly actor: string;
  readonly now: Date;
}

/**
 * Keeps what of a payment has gone back, and moves its credits accordingly. Refused (RC411) where somebody else has
 * kept another state since the payment's version was read.
 */
export function reversePayment({ payment, back, eventId, actor, now }: PaymentReversal) {
  return build.execute(sql`
    select reverse_payment(
      ${payment.id}::uuid, ${payment.version}::int, ${back.refundedMinor}::bigint, ${back.disputedMinor}::bigint,
      ${back.disputeStatus}, ${eventId}, ${actor}, ${instant(now)})`);
}
