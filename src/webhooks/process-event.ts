import { SettlementError, untilFresh, type PaymentFact, type Settlement } from '../billing/index.ts';
import { DomainError } from '../core/errors.ts';
import { describeFault } from '../core/log.ts';
import { isStatementError, StatementError } from '../db/index.ts';
import type { Deps } from '../deps.ts';
import { readStoredEvent, StripeRefusal, type StripeEvent } from '../stripe/index.ts';
import { handlerOf } from './handlers.ts';
import { claimEvent, claimLost, completeEvent, failEvent, ignoreEvent, type Claim } from './queries.ts';

export type ProcessDeps = Pick<Deps, 'db' | 'stripe' | 'log' | 'clock'>;

/**
 * Processes one stored event, if it is due and nobody else has it: claims it, asks Stripe, and commits the effects
 * together with the event's completion. A failure is recorded with the event and tried again later. Throws only when
 * the database does not answer; the lease then runs out, and the sweep takes the event up again.
 */
export async function processEvent(deps: ProcessDeps, eventId: string): Promise<void> {
  const [claimed] = await deps.db.run(claimEvent(eventId));
  if (claimed === undefined) return;
  const claim = { eventId, attempt: claimed.attempt };
  try {
    const event = readStoredEvent(claimed.payload);
    await untilFresh(() => settle(deps, claim, event));
  } catch (error) {
    if (isStatementError(error, claimLost)) {
      deps.log.info('webhook_claim_lost', { event_id: eventId, attempt: claim.attempt });
    } else {
      await recordFailure(deps, claim, error);
    }
  }
}

async function settle(deps: ProcessDeps, claim: Claim, event: StripeEvent): Promise<void> {
  const settlement = await settlementOf(deps, event);
  if (settlement.kind === 'ignored') {
    await deps.db.run(ignoreEvent(claim, settlement.reason));
    return;
  }
  await deps.db.batch([completeEvent(claim, settlement.customerId), ...settlement.statements]);
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

async function recordFailure(deps: ProcessDeps, claim: Claim, error: unknown): Promise<void> {
  const code = codeOf(error);
  const [recorded] = await deps.db.run(failEvent(claim, code));
  const members = { event_id: claim.eventId, attempt: claim.attempt, code };
  if (recorded === undefined) deps.log.info('webhook_claim_lost', members);
  else deps.log.error(`webhook_event_${recorded.status}`, { ...members, ...describeFault(error) });
}

/** What of an error is kept with the event: names and codes, because messages may carry personal data. */
function codeOf(error: unknown): string {
  if (error instanceof DomainError || error instanceof SettlementError) return error.code;
  if (error instanceof StripeRefusal) return `stripe_refused ${error.code ?? error.status ?? ''}`.trim();
  if (error instanceof StatementError) return `sql ${error.sqlState} ${error.constraint ?? ''}`.trim();
  return error instanceof Error ? error.name : typeof error;
}
