import { DAY_SECONDS } from '../../state/period.ts';

/** Days from one automatic attempt to collect an invoice to the next; after the last one the sandbox gives up. */
const RETRY_DAYS = [3, 5, 7];

/**
 * When an invoice is tried again after its `attempts`th attempt, in Unix
 * seconds; null when that was the last. An account can set this schedule
 * (https://docs.stripe.com/billing/revenue-recovery/smart-retries#custom-retry-schedule).
 */
export function nextAttempt(attempts: number, now: number): number | null {
  const days = RETRY_DAYS[attempts - 1];
  return days === undefined ? null : now + days * DAY_SECONDS;
}
