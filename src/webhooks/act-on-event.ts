import type { z } from 'zod';
import { actorLabel, type Actor } from '../core/actor.ts';
import { assertNever, conflict, type DomainError } from '../core/errors.ts';
import type { Deps } from '../deps.ts';
import type { ActOutcome, AdminAct, retryByAdmin } from './action-queries.ts';
import { storedEvent } from './admin-schemas.ts';
import { unknownEvent } from './unknown-event.ts';

export type ListedEvent = z.output<typeof storedEvent>;

/** Who acts in this request, and why. */
export function actOf(
  { requestId, operationId }: Pick<Deps, 'requestId' | 'operationId'>,
  actor: Actor,
  reason: string | undefined,
): AdminAct {
  return { actor: actorLabel(actor), reason: reason ?? null, requestId, operationId };
}

/** Does to an event what a statement of `action-queries.ts` does, or says why not. */
export async function actOnEvent(
  { db }: Pick<Deps, 'db'>,
  statement: ReturnType<typeof retryByAdmin>,
): Promise<ListedEvent> {
  const [row] = (await db.run(statement)).rows;
  if (row === undefined) throw unknownEvent();
  if (row.outcome !== 'done') throw refusalOf(row.outcome);
  return storedEvent.parse(row.event);
}

function refusalOf(outcome: Exclude<ActOutcome, 'done'>): DomainError {
  switch (outcome) {
    case 'already_processed':
      return conflict(outcome, 'The event is processed: what it leads to has happened.');
    case 'already_ignored':
      return conflict(outcome, 'The event is ignored already.');
    case 'in_progress':
      return conflict(outcome, 'A worker has the event at this moment; look again in a minute.');
    case 'payload_cleaned':
      return conflict(outcome, 'The event’s payload was cleaned away: there is nothing left to process.');
    default:
      return assertNever(outcome);
  }
}
