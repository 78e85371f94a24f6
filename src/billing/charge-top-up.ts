import { actorLabel } from '../core/actor.ts';
import { describeFault } from '../core/log.ts';
import type { Deps } from '../deps.ts';
import { StripeRefusal, type PaymentIntent } from '../stripe/index.ts';
import { failed, outcomeOf, type TopUpOutcome } from './top-up-outcome.ts';
import { keepPaymentIntent, settleTopUp, type SettledTopUp } from './top-up-queries.ts';

export interface StartedTopUp {
  readonly id: string;
  readonly stripeCustomerId: string;
  readonly currency: string;
  readonly amountMinor: number;
  /** Kept by an earlier attempt that did not come to its end. */
  readonly paymentIntentId: string | null;
  /** Whether the customer still wants it, as far as it has not been charged. */
  readonly isWanted: boolean;
}

export type ChargeDeps = Pick<Deps, 'db' | 'stripe' | 'clock' | 'log'>;

/**
 * Charges a top-up that was begun, and keeps what came of it. It can be cut off anywhere and done again, by several at
 * a time too: money is only moved by the PaymentIntent that the top-up's row names, and that one succeeds once. Throws
 * when Stripe or the database does not answer: the scheduled job then takes it up when its lease is over.
 */
export async function chargeTopUp(deps: ChargeDeps, topUp: StartedTopUp): Promise<void> {
  const outcome = await charge(deps, topUp);
  if (outcome === undefined) return;
  const now = deps.clock.now();
  const settled = settledTopUp(topUp.id, outcome, { eventId: null, paidAt: now, now });
  await deps.db.run(settleTopUp(settled));
  deps.log.info('top_up_settled', {
    top_up_id: topUp.id,
    outcome: settled.outcome,
    code: settled.failureCode,
  });
}

/** The same entry, whether an answer of Stripe's or an event tells what became of a top-up. */
export function settledTopUp(
  topUpId: string,
  outcome: TopUpOutcome,
  told: Pick<SettledTopUp, 'eventId' | 'paidAt' | 'now'>,
): SettledTopUp {
  return {
    topUpId,
    outcome: outcome.kind,
    failureCode: outcome.kind === 'failed' ? outcome.code : null,
    actor: actorLabel({ kind: 'system', name: 'top-up' }),
    ...told,
  };
}

/** Undefined when somebody else has settled it in between. */
async function charge(deps: ChargeDeps, topUp: StartedTopUp): Promise<TopUpOutcome | undefined> {
  try {
    if (topUp.paymentIntentId === null && !topUp.isWanted) return failed('withdrawn');
    const intent = await paymentIntentOf(deps, topUp);
    if (intent === undefined) return undefined;
    const known = outcomeOf(intent);
    if (known !== undefined) return known;
    if (!topUp.isWanted) return await giveUp(deps, intent, 'withdrawn');
    const card = await deps.stripe.findSavedCard(topUp.stripeCustomerId);
    if (card === undefined) return await giveUp(deps, intent, 'no_saved_card');
    return outcomeOf(await deps.stripe.chargeSavedCard(intent.id, card)) ?? failed('declined');
  } catch (error) {
    if (!(error instanceof StripeRefusal) || !isAboutCharge(error)) throw error;
    deps.log.error('top_up_refused', { top_up_id: topUp.id, ...describeFault(error) });
    return failed(refusalCode(error));
  }
}

/** The one PaymentIntent that may be paid for this top-up, as it is now. */
async function paymentIntentOf(deps: ChargeDeps, topUp: StartedTopUp): Promise<PaymentIntent | undefined> {
  if (topUp.paymentIntentId !== null) return existing(deps, topUp.paymentIntentId);
  const opened = await deps.stripe.openTopUp({ ...topUp, topUpId: topUp.id });
  const [kept] = await deps.db.run(keepPaymentIntent(topUp.id, opened.id));
  if (kept === undefined || kept.paymentIntentId === null) return undefined;
  // Stripe's answer is that of the first time, when somebody was here before.
  return existing(deps, kept.paymentIntentId);
}

async function existing({ stripe }: ChargeDeps, paymentIntentId: string): Promise<PaymentIntent> {
  const intent = await stripe.findPaymentIntent(paymentIntentId);
  if (intent === undefined) throw new Error('Stripe does not know a PaymentIntent that it has made');
  return intent;
}

/** Nobody shall pay it later. One that has been paid in between is paid. */
async function giveUp({ stripe }: ChargeDeps, { id }: PaymentIntent, code: string): Promise<TopUpOutcome> {
  const intent = await stripe.cancelPaymentIntent(id);
  const outcome = outcomeOf(intent);
  return outcome === undefined || intent.status === 'canceled' ? failed(code) : outcome;
}

/** Others (a key that was revoked, a permission that is missing) are the installation's fault, and pass. */
function isAboutCharge({ status }: StripeRefusal): boolean {
  return status === 400 || status === 402 || status === 404;
}

function refusalCode({ code, parameter }: StripeRefusal): string {
  return parameter === 'payment_method' || parameter === 'customer' ? 'no_saved_card' : (code ?? 'refused');
}
