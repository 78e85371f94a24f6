import type { AnsweredRequest } from '../core/counts.ts';
import { systemClock } from '../core/time.ts';
import type { Deps, RequestDeps } from '../deps.ts';

interface Answered extends AnsweredRequest {
  /** Of a cached document. */
  readonly layer: string | undefined;
  /** Of a problem. */
  readonly code: string | undefined;
}

/**
 * Counts a request, and has what the isolate has counted written down where that is due: after the answer, in no call of
 * the request's own.
 */
export function countAnswer(
  { counts, limits, usage, later }: RequestDeps,
  answered: Answered,
  flush: (deps: Deps) => Promise<void>,
): void {
  const { layer, code, status } = answered;
  counts.request(answered);
  if (layer !== undefined) counts.add('cache_reads', layer);
  if (code !== undefined) counts.add('http_problems', code);
  if (status === 429) {
    const { limit, left } = limits.at(-1) ?? {};
    counts.add(
      'rate_limited_requests',
      left?.remaining === 0 && limit !== undefined ? limit.name : 'guesses',
    );
  }
  if (counts.isDue(systemClock.now(), usage.database.calls > 0)) later('flushCounts', flush);
}
