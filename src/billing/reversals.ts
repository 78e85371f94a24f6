import type { StripeGateway } from '../stripe/index.ts';

type Reversals = Awaited<ReturnType<StripeGateway['listReversals']>>;

/** A payment, as far as it matters to what of it has gone back. */
export interface ReversiblePayment {
  readonly stripePaymentIntentId: string | null;
  readonly stripeInvoiceId: string | null;
  readonly currency: string;
  readonly amountMinor: number;
}

/** What of a payment has gone back, in minor units. */
export interface MoneyBack {
  readonly refundedMinor: number;
  readonly disputedMinor: number;
  /** Of the newest dispute, in Stripe's words. */
  readonly disputeStatus: string | null;
}

/** What Stripe says now of a payment's refunds and disputes, whichever PaymentIntents it was made by. */
export async function lookAtReversals(stripe: StripeGateway, payment: ReversiblePayment): Promise<MoneyBack> {
  const intents = new Set(
    payment.stripeInvoiceId === null ? [] : await stripe.listPaymentIntents(payment.stripeInvoiceId),
  );
  if (payment.stripePaymentIntentId !== null) intents.add(payment.stripePaymentIntentId);
  const reversals = await Promise.all([...intents].map((intent) => stripe.listReversals(intent)));
  return moneyBack(payment, reversals);
}

/** A refund takes the money at once; one that failed or was canceled has given it back. */
const refundsThatCount: readonly (string | null)[] = ['succeeded', 'pending', 'requires_action'];

function moneyBack(payment: ReversiblePayment, reversals: readonly Reversals[]): MoneyBack {
  const refunds = reversals.flatMap((one) => one.refunds);
  const disputes = reversals.flatMap((one) => one.disputes);
  // Of one second, Stripe's first is the newest.
  const [newest] = disputes.toSorted((one, other) => other.createdAt.getTime() - one.createdAt.getTime());
  return {
    refundedMinor: sum(
      refunds.filter(({ status }) => refundsThatCount.includes(status)).map(({ amountMinor }) => amountMinor),
    ),
    // What a bank disputes in a currency of its own cannot be compared: it is taken for all of the payment.
    disputedMinor: sum(
      disputes
        .filter(({ status }) => hasTaken(status))
        .map(({ currency, amountMinor }) =>
          currency === payment.currency ? amountMinor : payment.amountMinor,
        ),
    ),
    disputeStatus: newest?.status ?? null,
  };
}

/**
 * Whether the bank has the money. An inquiry (`warning_…`) only asks; `won` and `prevented` have given it back; a
 * dispute that waits for an answer has taken it, and `lost` keeps it.
 * Source: https://docs.stripe.com/disputes/how-disputes-work
 */
function hasTaken(status: string): boolean {
  return !status.startsWith('warning_') && status !== 'won' && status !== 'prevented';
}

function sum(amounts: readonly number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0);
}
