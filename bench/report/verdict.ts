import { reaches, type Goal, type RatioResult, type Result } from '../measure/results.ts';

export type Verdict = 'reached' | 'MISSED' | 'ERRORS' | '';

/** A ratio of answers that did not come, or were wrong, says nothing: that is told before its goal is. */
export function verdictOf(result: Exclude<Result, { kind: 'skipped' }>): Verdict {
  if (result.kind === 'ratio' && faultsOf(result) > 0) return 'ERRORS';
  if (result.goal === undefined) return '';
  return reaches(result.kind === 'ratio' ? result.ratio : result.value, result.goal) ? 'reached' : 'MISSED';
}

/** Requests of both sides that no answer came to, or a wrong one, in all rounds. */
export function faultsOf({ subject, baseline }: RatioResult): number {
  return subject.dropped + subject.errors + baseline.dropped + baseline.errors;
}

export function goalText(goal: Goal | undefined): string {
  if (goal === undefined) return '';
  return 'atLeast' in goal ? `≥ ${shown(goal.atLeast)}` : `≤ ${shown(goal.atMost)}`;
}

/** Two decimals for what is small, none for what is counted. */
export function shown(value: number): string {
  if (Math.abs(value) >= 1000) return value.toFixed(0);
  return Number.isInteger(value) && Math.abs(value) >= 10 ? String(value) : value.toFixed(value < 10 ? 2 : 1);
}
