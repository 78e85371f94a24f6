import { lookAtReversals } from './reversals.ts';
import {
  findPaymentByIntent,
  findPaymentByInvoice,
  findTopUp,
  reversePayment,
  type KnownPayment,
} from './reversal-queries.ts';
import { settleInvoice } from './settle-invoice.ts';
import { settleSession } from './settle-session.ts';
import { actorOf, SettlementError, type Fact, type Settlement, type SettlementDeps } from './settlement.ts';

/** An event about a charge, or about a refund or a dispute of one, names that charge and what was paid by it. */
export interface PaymentFact extends Fact {
  readonly chargeId: string | null;
  readonly paymentIntentId: string | null;
}

/**
 * Brings a payment and the credits that it paid for up to what Stripe says now of its refunds and disputes; the event
 * only names the payment. The statements are the caller's to commit, by `untilFresh`. Throws SettlementError
 * `payment_unknown` for a payment of ours whose own event has not been processed yet.
 */
export async function settleReversal(deps: SettlementDeps, fact: PaymentFact): Promise<Settlement> {
  const intent =
    fact.paymentIntentId ?? (await deps.stripe.findPaymentIntentOfCharge(fact.chargeId ?? fact.objectId));
  if (intent === undefined) return { kind: 'ignored', reason: 'not_ours' };
  const [known] = await deps.db.run(findPaymentByIntent(intent));
  const invoiceId = known === undefined ? await deps.stripe.findPaidInvoice(intent) : undefined;
  const payment = known ?? (await paymentOfInvoice(deps, invoiceId));
  if (payment === undefined) return settleUnknown(deps, fact, intent, invoiceId);
  return {
    kind: 'effects',
    customerId: payment.customerId,
    statements: [
      reversePayment({
        payment,
        back: await lookAtReversals(deps.stripe, payment),
        eventId: fact.eventId,
        actor: actorOf(fact),
        now: deps.clock.now(),
      }),
    ],
  };
}

/** A payment of an invoice that was recorded when its PaymentIntent was not known, or that several have paid. */
async function paymentOfInvoice(
  { db }: SettlementDeps,
  invoiceId: string | undefined,
): Promise<KnownPayment | undefined> {
  if (invoiceId === undefined) return undefined;
  const [payment] = await db.run(findPaymentByInvoice(invoiceId));
  return payment;
}

/**
 * A payment that is not recorded is none of ours, or its own event is still to come: then that event's settlement says
 * that it has effects.
 */
async function settleUnknown(
  deps: SettlementDeps,
  fact: Fact,
  intent: string,
  invoiceId: string | undefined,
): Promise<Settlement> {
  const settlement = await settlePaidObject(deps, fact, intent, invoiceId);
  const isTopUp = (await deps.db.run(findTopUp(intent))).length > 0;
  if (settlement.kind === 'ignored' && !isTopUp) return settlement;
  throw new SettlementError('payment_unknown');
}

async function settlePaidObject(
  deps: SettlementDeps,
  fact: Fact,
  intent: string,
  invoiceId: string | undefined,
): Promise<Settlement> {
  if (invoiceId !== undefined) return settleInvoice(deps, { ...fact, objectId: invoiceId });
  const sessionId = await deps.stripe.findSessionOfPayment(intent);
  if (sessionId === undefined) return { kind: 'ignored', reason: 'not_ours' };
  return settleSession(deps, { ...fact, objectId: sessionId }, 'processing');
}
