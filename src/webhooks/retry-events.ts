import type { AccountReference, Actor } from '../core/actor.ts';
import { conflict, invalid } from '../core/errors.ts';
import type { Deps } from '../deps.ts';
import { actOf } from './act-on-event.ts';
import { countMatching, retryMatching } from './action-queries.ts';
import type { EventFilter } from './inbox-filter.ts';
import { ringDoorbells } from './ring-doorbell.ts';

export interface EventsToRetry extends Omit<EventFilter, 'statuses'> {
  /** Undefined: whether they failed or are dead. */
  readonly status: 'failed' | 'dead' | undefined;
  readonly customer: AccountReference | undefined;
  /** How many it must be that match, or none is touched. */
  readonly expectedCount: number | undefined;
  readonly reason: string | undefined;
  /** Only counts. */
  readonly isDryRun: boolean;
}

export interface BulkRetried {
  readonly matched: number;
  readonly retried: number;
  readonly remaining: number;
}

/**
 * Has all failed and dead events that match looked at anew, the oldest first, as many as one call may.
 * @throws DomainError `filter_required` when all would be meant and nobody said how many those are, `count_changed`
 * (with `matched`) when it is not as many as expected
 */
export async function retryEvents(
  deps: Pick<Deps, 'db' | 'requestId' | 'operationId' | 'webhookQueue' | 'log' | 'waitUntil'>,
  actor: Actor,
  { status, expectedCount, reason, isDryRun, ...rest }: EventsToRetry,
): Promise<BulkRetried> {
  const filter: EventFilter = { ...rest, statuses: status === undefined ? ['failed', 'dead'] : [status] };
  if (isDryRun) {
    const matched = Number((await deps.db.run(countMatching(filter))).rows[0]?.matched);
    return { matched, retried: 0, remaining: matched };
  }
  const named = [status, rest.type, rest.customer, rest.since, rest.until];
  if (expectedCount === undefined && named.every((part) => part === undefined)) throw filterRequired();
  const bulk = { filter, expectedCount: expectedCount ?? null };
  const [row] = (await deps.db.run(retryMatching(bulk, actOf(deps, actor, reason)))).rows;
  const [matched, retried] = [Number(row?.matched), Number(row?.retried)];
  if (retried === 0 && expectedCount !== undefined && matched !== expectedCount) {
    throw conflict('count_changed', 'It is not as many events as expected that match; none was touched.', {
      matched,
    });
  }
  deps.waitUntil(ringDoorbells(deps, row?.event_ids ?? []));
  return { matched, retried, remaining: matched - retried };
}

function filterRequired() {
  return invalid('filter_required', 'This would retry every event: say which, or how many that is.', [
    {
      pointer: '/expected_count',
      code: 'filter_required',
      detail: 'give a filter, or the count that `?dry_run=1` answers',
    },
  ]);
}
