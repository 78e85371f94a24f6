import { invalid, tooSmall } from '../api/errors.ts';
import { newRefund } from '../objects/refund.ts';
import { inTimeOf } from '../state/clock.ts';
import { add, change, replace, type Context } from '../state/context.ts';
import { displayMoney } from '../api/money.ts';
import type { EventType, ObjectTypes } from '../state/wire.ts';
import { dueOf } from '../time/due.ts';
import { behaviorOf } from '../banks/cards.ts';
import { disputeOf } from './disputes.ts';

type Charge = ObjectTypes['charge'];
type Refund = ObjectTypes['refund'];

/** How long a test card's bank takes to change its mind, by the sandbox's own clock. */
const BANK_SECONDS = 3;
const CHANGED: readonly EventType[] = ['refund.updated', 'charge.refund.updated'];
/** A dispute that is over in our favour, or only asks, leaves the money with us. */
const REFUNDABLE_STATUSES = ['won', 'warning_needs_response', 'warning_under_review', 'warning_closed'];

interface RefundWish {
  /** Minor units; everything that is left if it is not given. */
  readonly amount?: number;
  readonly reason?: Refund['reason'];
  readonly metadata?: Record<string, string>;
}

/**
 * Gives back money of a charge, or all that is left (`refund.created`,
 * `charge.refunded`). The bank of some test cards fails or finishes it later.
 * Throws 400 when there is not so much left, or a dispute has taken it.
 */
export function refundCharge(context: Context, charge: Charge, wish: RefundWish): Refund {
  const amount = refundable(context, charge, wish.amount);
  const method = context.store.must('payment_method', charge.payment_method ?? '');
  const bank = behaviorOf(context.store, method).refund;
  const isPending = bank === 'pending' || !method.card;
  const refund = newRefund(context, charge, {
    amount,
    metadata: wish.metadata ?? {},
    reason: wish.reason ?? null,
    status: isPending ? 'pending' : 'succeeded',
  });
  if (isPending || bank === 'fails') {
    const outcome = bank === 'fails' ? 'fails' : 'succeeds';
    context.store.setFacts('refund', refund.id, { outcome, at: context.sandboxClock.now() + BANK_SECONDS });
  }
  add(context, refund, 'refund.created');
  change(context, charge, refundedTo(charge, charge.amount_refunded + amount), 'charge.refunded');
  return refund;
}

/** How much a request gives back; throws Stripe's 400 when it cannot. */
function refundable(context: Context, charge: Charge, wanted: number | undefined): number {
  const dispute = disputeOf(context.store, charge.id);
  if (dispute && !REFUNDABLE_STATUSES.includes(dispute.status)) {
    const message = `Charge ${charge.id} has been charged back; cannot issue a refund.`;
    throw invalid(message, undefined, 'charge_disputed');
  }
  const left = charge.amount - charge.amount_refunded;
  if (left === 0) {
    throw invalid(`Charge ${charge.id} has already been refunded.`, undefined, 'charge_already_refunded');
  }
  if (!charge.paid || !charge.captured) {
    throw invalid(`Charge ${charge.id} has taken no money that could be refunded.`, 'charge');
  }
  if (wanted === undefined) return left;
  if (wanted < 1) throw tooSmall(1, 'amount');
  if (wanted > left) {
    const [much, little] = [displayMoney(wanted, charge.currency), displayMoney(left, charge.currency)];
    throw invalid(
      `Refund amount (${much}) is greater than unrefunded amount on charge (${little})`,
      'amount',
    );
  }
  return wanted;
}

function refundedTo(charge: Charge, amount_refunded: number): Partial<Charge> {
  return { amount_refunded, refunded: amount_refunded === charge.amount };
}

/** A pending refund has arrived (`refund.updated`, `charge.refund.updated`). */
export function settleRefund(context: Context, refund: Refund): Refund {
  checkStatus(refund, ['pending']);
  const card = refund.destination_details?.card;
  const arrived: Refund = {
    ...pendingNoMore(refund),
    ...(card && { destination_details: { card: { ...card, type: 'refund' }, type: 'card' } }),
    status: 'succeeded',
  };
  return replace(context, refund, arrived, ...CHANGED);
}

/**
 * The bank could not give back the money after all: it is ours again
 * (`refund.failed`, `refund.updated`, `charge.refund.updated`), also of a refund
 * that had succeeded (https://docs.stripe.com/refunds#failed-refunds).
 */
export function failRefund(context: Context, refund: Refund): Refund {
  checkStatus(refund, ['pending', 'succeeded']);
  const charge = context.store.must('charge', refund.charge ?? '');
  change(context, charge, refundedTo(charge, charge.amount_refunded - refund.amount));
  const failed = {
    ...pendingNoMore(refund),
    failure_reason: 'expired_or_canceled_card',
    status: 'failed',
  };
  return replace(context, refund, failed, 'refund.failed', ...CHANGED);
}

function pendingNoMore({ pending_reason: _reason, ...refund }: Refund): Refund {
  return refund;
}

function checkStatus(refund: Refund, statuses: readonly string[]): void {
  if (refund.status !== null && statuses.includes(refund.status)) return;
  throw invalid(`Refund ${refund.id} has a status of ${refund.status}.`);
}

/** Refunds that their bank has not spoken about for the last time. */
export const dueRefunds = dueOf(
  'refund',
  (store, { id, status }) => {
    const bank = store.facts('refund', id);
    const fails = bank?.outcome === 'fails';
    if (!bank || status !== (fails ? 'succeeded' : 'pending')) return [];
    const settle = fails ? failRefund : settleRefund;
    return [{ at: bank.at, happen: (context, refund) => settle(inTimeOf(context, refund.customer), refund) }];
  },
  'sandbox',
);
