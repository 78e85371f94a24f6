import { sql, type SQL } from 'drizzle-orm';
import { build, instant } from '../db/index.ts';
import type { creditLots } from './tables.ts';
import type { TransactionType } from './transaction-types.ts';

/** Credits for one fact. (source, sourceRef) names the fact: it grants once, however often it is told. */
export interface Grant {
  readonly customerId: string;
  readonly kind: (typeof creditLots.$inferSelect)['kind'];
  readonly source: (typeof creditLots.$inferSelect)['source'];
  readonly sourceRef: string;
  readonly transactionType: TransactionType;
  readonly credits: number;
  /** The offer that was sold, and the payment that paid for it, by its id at Stripe. */
  readonly offerId: string | null;
  readonly payment: StripePayment | null;
  readonly stripeSubscriptionId: string | null;
  /** For a plan's credits, the end of the month that was paid for. */
  readonly expiresAt: Date | null;
  readonly description: string;
  readonly reason: string | null;
  readonly eventId: string | null;
  readonly actor: string;
  readonly now: Date;
}

/** A row of `payments`, which may be written in the same batch. */
export type StripePayment = { readonly paymentIntentId: string } | { readonly invoiceId: string };

/** The payment's id, for a statement that runs after the one that writes it. */
function paymentIdOf(payment: StripePayment): SQL {
  return 'invoiceId' in payment
    ? sql`(select id from payments where stripe_invoice_id = ${payment.invoiceId})`
    : sql`(select id from payments where stripe_payment_intent_id = ${payment.paymentIntentId})`;
}

/** Lot, ledger row and balance by one SQL function; nothing when the fact has granted before. Row: `result` (jsonb). */
export function grantCredits(grant: Grant) {
  return build.execute<{ result: unknown }>(sql`
    select grant_credits(
      ${grant.customerId}::uuid, ${grant.credits}::bigint, ${grant.kind}, ${grant.source}, ${grant.sourceRef},
      ${grant.transactionType}, ${grant.offerId}::uuid,
      ${grant.payment === null ? sql`null::uuid` : paymentIdOf(grant.payment)}, ${grant.stripeSubscriptionId},
      ${instant(grant.expiresAt)}, ${grant.description}, ${grant.reason}, ${grant.eventId}, ${grant.actor},
      ${instant(grant.now)}
    ) as result`);
}
