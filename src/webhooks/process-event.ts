import { SettlementError, untilFresh, type PaymentFact, type Settlement } from '../billing/index.ts';
import { DomainError } from '../core/errors.ts';
import { describeFault } from '../core/log.ts';
import { isStatementError, onlyRow, StatementError } from '../db/index.ts';
import type { Deps } from '../deps.ts';
import { readStoredEvent, StripeRefusal, type StripeEvent } from '../stripe/index.ts';
import { handlerOf } from './handlers.ts';
import {
  claimEvent,
  claimLost,
  claimNextEvent,
  completeEvent,
  failEvent,
  findNextOfCustomer,
  ignoreEvent,
  type Claim,
} from './queries.ts';
import { ringDoorbell } from './ring-doorbell.ts';

export type ProcessDeps = Pick<Deps, 'db' | 'stripe' | 'log' | 'clock' | 'webhookQueue'>;

/** A claim with what is to be done about it. */
interface Work extends Claim {
  readonly payload: string;
}

/** What became of an attempt: whether the event is to be tried again, and what comes next. */
interface Ended {
  /** Null: it is done, dead, or another worker's. */
  readonly dueInSeconds: number | null;
  readonly next: Work | undefined;
}

/** How many events a worker may still take: what it asks of others while it is called once is limited. */
export interface Allowance {
  left: number;
}

/** A customer with more than that at once has the rest done by whoever answers the next message. */
const eventsInARow = 20;
/** A message that comes so little too early comes again; one that has nothing to do with the next try does not. */
const secondsEarlyAtMost = 5;

/**
 * Processes one stored event, if it is due and nobody else has it, and then those of the same customer that are due,
 * one after the other: claims it, asks Stripe, and commits the effects together with the event's completion. A failure
 * is recorded with the event. Answers in how many seconds the event is due again; null when there is nothing left to
 * do about it, or another worker will. Throws only when the database does not answer; the lease then runs out, and the
 * sweep takes the event up again.
 */
export async function processEvent(
  deps: ProcessDeps,
  eventId: string,
  allowance: Allowance = { left: eventsInARow },
): Promise<number | null> {
  const { work, dueInSeconds: notYet } = await claim(deps, eventId);
  if (work === undefined) return notYet;
  const { dueInSeconds, next } = await attemptWithin(deps, work, allowance);
  await processFollowing(deps, next, allowance);
  return dueInSeconds;
}

async function claim(
  deps: ProcessDeps,
  eventId: string,
): Promise<{ readonly work: Work | undefined; readonly dueInSeconds: number | null }> {
  const { rows } = await deps.db.run(claimEvent(eventId));
  const { outcome, payload, attempt: number, event_type: eventType, due_in_seconds: wait } = onlyRow(rows);
  if (outcome === 'buried') {
    const members = { event_id: eventId, event_type: eventType, code: 'worker_lost' };
    deps.log.error('webhook_event_dead', members);
  }
  return {
    work: payload === null || number === null ? undefined : { eventId, attempt: number, payload },
    dueInSeconds: wait !== null && wait <= secondsEarlyAtMost ? wait : null,
  };
}

/** Others of one customer, which no other worker takes meanwhile. They were left to this one. */
async function processFollowing(
  deps: ProcessDeps,
  first: Work | undefined,
  allowance: Allowance,
): Promise<void> {
  let work = first;
  while (work !== undefined) {
    const { eventId } = work;
    const { dueInSeconds, next } = await attemptWithin(deps, work, allowance);
    if (dueInSeconds !== null) await ringDoorbell(deps, eventId, dueInSeconds);
    work = next;
  }
}

/** Who may take no more leaves the next event of the customer to another worker: its own message has come already. */
async function attemptWithin(deps: ProcessDeps, work: Work, allowance: Allowance): Promise<Ended> {
  allowance.left -= 1;
  const takesNext = allowance.left > 0;
  const ended = await attempt(deps, work, takesNext);
  if (!takesNext) {
    const [left] = (await deps.db.run(findNextOfCustomer(work.eventId))).rows;
    if (left !== undefined) await ringDoorbell(deps, left.event_id);
  }
  return ended;
}

async function attempt(deps: ProcessDeps, work: Work, takesNext: boolean): Promise<Ended> {
  try {
    const event = readStoredEvent(work.payload);
    return { dueInSeconds: null, next: await untilFresh(() => settle(deps, work, event, takesNext)) };
  } catch (error) {
    return recordFailure(deps, work, error, takesNext);
  }
}

/** Commits what an event leads to, and takes the next one of its customer. */
async function settle(
  deps: ProcessDeps,
  work: Work,
  event: StripeEvent,
  takesNext: boolean,
): Promise<Work | undefined> {
  const settlement = await settlementOf(deps, event);
  const following = claimNextEvent(work.eventId, takesNext);
  const [, next] =
    settlement.kind === 'ignored'
      ? await deps.db.batch([ignoreEvent(work, settlement.reason), following])
      : await deps.db.batch([
          completeEvent(work, settlement.customerId),
          following,
          ...settlement.statements,
        ]);
  return workOf(next.rows);
}

async function settlementOf(
  deps: ProcessDeps,
  event: StripeEvent,
): Promise<Settlement | { kind: 'ignored'; reason: 'no_handler' }> {
  const handler = handlerOf(event.type);
  if (handler === undefined) return { kind: 'ignored', reason: 'no_handler' };
  const { id: objectId, charge, payment_intent: paymentIntent } = event.data.object;
  if (objectId === undefined || objectId === null) throw new SettlementError('object_unnamed');
  const fact: PaymentFact = {
    eventId: event.id,
    objectId,
    occurredAt: event.created,
    chargeId: charge ?? null,
    paymentIntentId: paymentIntent ?? null,
  };
  return handler(deps, fact);
}

async function recordFailure(
  deps: ProcessDeps,
  work: Work,
  error: unknown,
  takesNext: boolean,
): Promise<Ended> {
  const { eventId, attempt: number } = work;
  const members = { event_id: eventId, attempt: number };
  try {
    if (isStatementError(error, claimLost)) throw error;
    const code = codeOf(error);
    const [ended, next] = await deps.db.batch([failEvent(work, code), claimNextEvent(eventId, takesNext)]);
    const { status, due_in_seconds: dueInSeconds } = onlyRow(ended.rows);
    deps.log.error(`webhook_event_${status}`, { ...members, code, ...describeFault(error) });
    return { dueInSeconds, next: workOf(next.rows) };
  } catch (fault) {
    if (!isStatementError(fault, claimLost)) throw fault;
    deps.log.info('webhook_claim_lost', members);
    return { dueInSeconds: null, next: undefined };
  }
}

/** What of an error is kept with the event: names and codes, because messages may carry personal data. */
function codeOf(error: unknown): string {
  if (error instanceof DomainError || error instanceof SettlementError) return error.code;
  if (error instanceof StripeRefusal) return `stripe_refused ${error.code ?? error.status ?? ''}`.trim();
  if (error instanceof StatementError) return `sql ${error.sqlState} ${error.constraint ?? ''}`.trim();
  return error instanceof Error ? error.name : typeof error;
}

function workOf([row]: readonly { event_id: string; payload: string; attempt: number }[]): Work | undefined {
  return row && { eventId: row.event_id, attempt: row.attempt, payload: row.payload };
}
