import type { LoadResult } from './load.ts';

/** What a figure should reach. */
export type Goal = { readonly atLeast: number } | { readonly atMost: number };

/** One side of a comparison in the round whose ratio is the median. */
export interface Side extends LoadResult {
  readonly name: string;
  /** What the Worker's own process took of a processor for each request; null where the system does not tell. */
  readonly processorMicroseconds: number | null;
}

/** Subject against baseline, of one run on one machine. */
export interface RatioResult {
  readonly kind: 'ratio';
  readonly name: string;
  readonly of: Measure;
  /** Median over the rounds of subject / baseline, each of one round. */
  readonly ratio: number;
  /** The lowest and the highest of the rounds' ratios. */
  readonly range: readonly [lowest: number, highest: number];
  /** Not there where nothing is promised. */
  readonly goal?: Goal;
  /** The same ratio of the processor time that both Workers took for a request: what waits for others is not in it. */
  readonly processorRatio: number | null;
  readonly subject: Side;
  readonly baseline: Side;
}

export type Measure = 'requests per second' | 'p50 latency' | 'p99 latency';

/** Something that is counted or weighed by itself. */
export interface FigureResult {
  readonly kind: 'figure';
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly goal?: Goal;
  /** What belongs to the figure, in words. */
  readonly detail?: string;
}

/** What this machine cannot measure. */
export interface SkippedResult {
  readonly kind: 'skipped';
  readonly name: string;
  readonly reason: string;
}

export type Result = RatioResult | FigureResult | SkippedResult;

export function reaches(value: number, goal: Goal): boolean {
  return 'atLeast' in goal ? value >= goal.atLeast : value <= goal.atMost;
}
