import { invalid, onlyOneOf } from '../api/errors.ts';
import type { Context } from '../state/context.ts';
import { DAY_SECONDS } from '../state/period.ts';
import type { SessionParams } from './details.ts';

type SubscriptionData = SessionParams['subscription_data'];

/** Stripe's longest trial, in days. */
const LONGEST_TRIAL = 730;

/** Throws Stripe's 400 for a trial that is too short or told twice. */
export function checkTrial(context: Context, data: SubscriptionData): void {
  const { trial_end: end, trial_period_days: days } = data ?? {};
  if (end !== undefined && days !== undefined) {
    throw onlyOneOf(['trial_end', 'trial_period_days'], 'subscription_data[trial_end]');
  }
  if (days !== undefined && (days < 1 || days > LONGEST_TRIAL)) {
    throw invalid(
      `The trial must be between 1 and ${LONGEST_TRIAL} days.`,
      'subscription_data[trial_period_days]',
    );
  }
  if (end !== undefined && end < context.now() + 2 * DAY_SECONDS) {
    throw invalid(
      'The `trial_end` date has to be at least 2 days in the future.',
      'subscription_data[trial_end]',
    );
  }
}

/** Whether nothing recurring is due today. */
export function hasTrial(asked: SessionParams): boolean {
  return trialDays(asked) !== null || asked.subscription_data?.trial_end !== undefined;
}

/** The end of a trial that begins now, in Unix seconds; null when there is none. */
export function trialEndOf(context: Context, asked: SessionParams): number | null {
  const days = trialDays(asked);
  return days === null ? (asked.subscription_data?.trial_end ?? null) : context.now() + days * DAY_SECONDS;
}

function trialDays(asked: SessionParams): number | null {
  return asked.subscription_data?.trial_period_days ?? null;
}
