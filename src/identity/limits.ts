import { DomainError } from '../core/errors.ts';
import type { LimitRow } from './sign-in-queries.ts';

/** @throws `too_many_requests` with the seconds after which to try again */
export function requireWithin({ is_allowed, resets_in }: LimitRow): void {
  if (is_allowed) return;
  throw new DomainError('too_many_requests', 'too_many_requests', 'Too many tries; wait, and try again.', {
    retryAfterSeconds: resets_in,
  });
}
