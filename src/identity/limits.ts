import type { Limit } from '../core/limit.ts';
import { DomainError } from '../core/errors.ts';
import type { Deps } from '../deps.ts';
import type { LimitRow } from './sign-in-queries.ts';

const quarterHour = { windowSeconds: 15 * 60 };

/**
 * What the database counts, as clients are told it: the figures are those of the SQL function that counts. Where a
 * function counts for the account and for the address, these are the account's, and what is left is the less of both.
 */
const limits = {
  'sign-in': { name: 'sign-in', quota: 30, ...quarterHour },
  confirm: { name: 'confirm', quota: 30, ...quarterHour },
  enrolment: { name: 'enrolment', quota: 30, ...quarterHour },
  // By network address alone: what is counted by the mail's address is not told.
  'sign-up': { name: 'sign-up', quota: 100, ...quarterHour },
  'forgot-password': { name: 'forgot-password', quota: 100, ...quarterHour },
  link: { name: 'link', quota: 100, ...quarterHour },
  'change-email': { name: 'change-email', quota: 10, windowSeconds: 60 * 60 },
} as const satisfies Record<string, Limit>;

export type CountedAttempt = keyof typeof limits;

/**
 * Has the answer tell what an attempt was counted for.
 * @throws `too_many_requests` with the seconds after which to try again
 */
export function requireWithin(
  deps: Pick<Deps, 'limits'>,
  attempt: CountedAttempt,
  { is_allowed, remaining, resets_in }: LimitRow,
): void {
  deps.limits.push({ limit: limits[attempt], left: { remaining, resetsInSeconds: resets_in } });
  if (is_allowed) return;
  throw new DomainError('too_many_requests', 'too_many_requests', 'Too many tries; wait, and try again.', {
    retryAfterSeconds: resets_in,
  });
}
