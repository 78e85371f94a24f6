import { invalid } from '../api/errors.ts';
import { newDispute } from '../objects/dispute.ts';
import { inTimeOf } from '../state/clock.ts';
import { add, change, type Context } from '../state/context.ts';
import type { Store } from '../state/store.ts';
import type { EventType, ObjectTypes } from '../state/wire.ts';
import { dueOf } from '../time/due.ts';
import { behaviorOf } from '../banks/cards.ts';
import type { DisputeKind } from '../banks/test-cards.ts';

type Charge = ObjectTypes['charge'];
type Dispute = ObjectTypes['dispute'];

const CLOSED = ['won', 'lost', 'warning_closed'];

/**
 * The buyer disputes a charge at their bank (`charge.dispute.created`). Unless it
 * only asks, it takes the money (`charge.dispute.funds_withdrawn`). Throws 400
 * for a charge that was not paid, has nothing left or is disputed already.
 */
export function openDispute(context: Context, charge: Charge, kind: DisputeKind): Dispute {
  const earlier = disputeOf(context.store, charge.id);
  const isLeft = charge.paid && charge.captured && !charge.refunded;
  if (!isLeft || (earlier && earlier.status !== 'warning_closed')) {
    throw invalid(`Charge ${charge.id} cannot be disputed.`);
  }
  change(context, charge, { disputed: true });
  const events: EventType[] = ['charge.dispute.created'];
  if (kind !== 'inquiry') events.push('charge.dispute.funds_withdrawn');
  return add(context, newDispute(context, charge, kind), ...events);
}

/** The latest dispute of a charge. */
export function disputeOf(store: Store, charge: string): Dispute | undefined {
  return store.all('dispute').find((dispute) => dispute.charge === charge);
}

export function isInquiry(dispute: Dispute): boolean {
  return dispute.status.startsWith('warning_');
}

/**
 * The bank decides (`charge.dispute.closed`): won, the money comes back
 * (`charge.dispute.funds_reinstated`); lost, it stays away. An inquiry is closed
 * either way, and no money moves. Throws 400 when it was decided before.
 */
export function closeDispute(context: Context, dispute: Dispute, outcome: 'won' | 'lost'): Dispute {
  checkOpen(dispute);
  if (isInquiry(dispute)) {
    return change(context, dispute, { status: 'warning_closed' }, 'charge.dispute.closed');
  }
  const events: EventType[] = ['charge.dispute.closed'];
  if (outcome === 'won') events.push('charge.dispute.funds_reinstated');
  const patch = { is_charge_refundable: outcome === 'won', status: outcome };
  return change(context, dispute, patch, ...events);
}

/** An inquiry was not answered well enough: the bank takes the money (`charge.dispute.funds_withdrawn`). */
export function escalateInquiry(context: Context, dispute: Dispute): Dispute {
  checkOpen(dispute);
  if (!isInquiry(dispute)) throw invalid(`Dispute ${dispute.id} is no inquiry.`);
  const details = dispute.payment_method_details;
  const patch: Partial<Dispute> = {
    evidence_details: { ...dispute.evidence_details, submission_count: 0 },
    is_charge_refundable: false,
    ...(details?.card && {
      payment_method_details: { ...details, card: { ...details.card, case_type: 'chargeback' } },
    }),
    status: 'needs_response',
  };
  return change(context, dispute, patch, 'charge.dispute.updated', 'charge.dispute.funds_withdrawn');
}

/** Whether the bank has still to decide. */
export function isOpen(dispute: Dispute): boolean {
  return !CLOSED.includes(dispute.status);
}

export function checkOpen(dispute: Dispute): void {
  if (isOpen(dispute)) return;
  throw invalid(`Dispute ${dispute.id} is closed: it has a status of ${dispute.status}.`);
}

/** The buyers of some test cards dispute what they have paid, at once. */
export function planDispute(context: Context, charge: Charge): void {
  const method = context.store.must('payment_method', charge.payment_method ?? '');
  const { dispute } = behaviorOf(context.store, method);
  if (dispute) context.store.setFacts('charge', charge.id, { dispute, at: context.sandboxClock.now() });
}

/** Charges whose buyers are about to dispute them. */
export const dueDisputes = dueOf(
  'charge',
  (store, { id, disputed, refunded }) => {
    const plan = disputed || refunded ? undefined : store.facts('charge', id);
    if (!plan) return [];
    const { at, dispute } = plan;
    return [
      { at, happen: (context, charge) => openDispute(inTimeOf(context, charge.customer), charge, dispute) },
    ];
  },
  'sandbox',
);
