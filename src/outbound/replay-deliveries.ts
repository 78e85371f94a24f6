import { z } from 'zod';
import type { Actor } from '../core/actor.ts';
import { decodeEventCursor, encodeCursor } from '../core/cursor.ts';
import { doneOutcome, signedBy, type EndpointDeps } from './endpoint-outcome.ts';
import { replayDeliveryRow, replayRows } from './endpoint-queries.ts';
import type { replayAnswer, ReplayInput } from './replay-schemas.ts';

/**
 * Makes a delivery that has ended wait again, with all its tries, under the same `webhook-id`.
 * @throws DomainError `endpoint_not_found`, `delivery_not_found`, `endpoint_disabled`, `delivery_in_progress`
 */
export async function replayDelivery(
  deps: EndpointDeps,
  actor: Actor,
  endpointId: string,
  deliveryId: string,
): Promise<void> {
  const [, replayed] = await deps.db.batch([
    signedBy(deps, actor),
    replayDeliveryRow(endpointId, deliveryId),
  ]);
  doneOutcome(replayed.rows);
}

const counted = z.object({ count: z.int() });
const replayed = z.object({
  replayed: z.int(),
  remaining: z.int(),
  last_at: z.int().nullable(),
  last_id: z.string().nullable(),
});

/**
 * Tells an endpoint again what happened in a time, or, where it was not told, for the first time; on a dry run, how many
 * that would be. What waits already is left as it is.
 * @throws DomainError `invalid_cursor`, `endpoint_not_found`, `endpoint_disabled`
 */
export async function replayEvents(
  deps: EndpointDeps,
  actor: Actor,
  endpointId: string,
  input: ReplayInput,
  isDryRun: boolean,
): Promise<z.input<typeof replayAnswer>> {
  const { since, until, event_types: eventTypes, limit, cursor } = input;
  const after = cursor === undefined ? undefined : decodeEventCursor(cursor);
  const only = input.only_failed ? 'failed' : input.skip_delivered ? 'untaken' : undefined;
  const filter = { since, until, eventTypes, only, after, limit, isDryRun } as const;
  const [, answered] = await deps.db.batch([signedBy(deps, actor), replayRows(endpointId, filter)]);
  const { answer } = doneOutcome(answered.rows);
  if (isDryRun) return { success: true, dry_run: true, ...counted.parse(answer) };
  const { last_at: lastAt, last_id: lastId, ...counts } = replayed.parse(answer);
  const isMore = counts.remaining > 0 && lastAt !== null && lastId !== null;
  return { success: true, ...counts, next_cursor: isMore ? encodeCursor([lastAt, lastId]) : null };
}
