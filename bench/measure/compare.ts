import { load, type LoadRequest, type LoadResult } from './load.ts';
import type { Goal, Measure, RatioResult, Side } from './results.ts';
import { startWorkerd, type WorkerSetup } from './workerd.ts';

/** A Worker, and what it is asked. */
export interface Variant {
  readonly name: string;
  readonly setup: WorkerSetup;
  requests(count: number): readonly LoadRequest[];
  /** What must be so before the load, in each fresh process. Asked with the process's address. */
  readonly prepare?: (url: string) => Promise<void>;
}

export interface Comparison {
  readonly name: string;
  readonly of: Measure;
  readonly goal?: Goal;
  readonly subject: Variant;
  readonly baseline: Variant;
  readonly connections: number;
  /** Requests of one measurement. */
  readonly requests: number;
}

/** How hard to measure. */
export interface Effort {
  readonly rounds: number;
  /** What the requests of each measurement are multiplied by. */
  readonly scale: number;
}

export type Progress = (line: string) => void;

/** Part of a measurement's requests that goes ahead of it, so that what is measured has been compiled. */
const warmUpShare = 0.25;

/**
 * Measures subject and baseline in turns, each in a fresh process, so that what else the machine does meets both. The
 * sides' figures are of the round whose ratio is the median.
 */
export async function compare(
  comparison: Comparison,
  effort: Effort,
  progress: Progress,
): Promise<RatioResult> {
  const { name, of, goal, subject, baseline } = comparison;
  const rounds: { readonly ratio: number; readonly sides: readonly [Side, Side] }[] = [];
  for (let round = 1; round <= effort.rounds; round += 1) {
    progress(`${name}: round ${round} of ${effort.rounds}`);
    // Who goes first changes: a machine that warms up or tires favours neither.
    const subjectFirst = round % 2 === 1;
    const first = await measureOnce(subjectFirst ? subject : baseline, comparison, effort);
    const second = await measureOnce(subjectFirst ? baseline : subject, comparison, effort);
    const sides = subjectFirst ? ([first, second] as const) : ([second, first] as const);
    rounds.push({ ratio: figureOf(sides[0], of) / figureOf(sides[1], of), sides });
  }
  const sorted = rounds.toSorted((one, other) => one.ratio - other.ratio);
  const [lowest, median, highest] = [sorted.at(0), sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
  if (lowest === undefined || median === undefined || highest === undefined) {
    throw new Error('nothing was measured');
  }
  const [ours, theirs] = median.sides;
  return {
    kind: 'ratio',
    name,
    of,
    ratio: median.ratio,
    range: [lowest.ratio, highest.ratio],
    ...(goal === undefined ? {} : { goal }),
    processorRatio:
      ours.processorMicroseconds === null || theirs.processorMicroseconds === null
        ? null
        : ours.processorMicroseconds / theirs.processorMicroseconds,
    subject: ours,
    baseline: theirs,
  };
}

function figureOf(result: LoadResult, of: Measure): number {
  switch (of) {
    case 'requests per second':
      return result.requestsPerSecond;
    case 'p50 latency':
      return result.p50Milliseconds;
    case 'p99 latency':
      return result.p99Milliseconds;
  }
}

async function measureOnce(variant: Variant, comparison: Comparison, effort: Effort): Promise<Side> {
  const count = Math.max(1, Math.round(comparison.requests * effort.scale));
  const workerd = await startWorkerd(variant.setup);
  try {
    await variant.prepare?.(workerd.url);
    const { connections } = comparison;
    await load(workerd.url, variant.requests(Math.ceil(count * warmUpShare)), connections);
    const requests = variant.requests(count);
    const before = await workerd.processorMicroseconds();
    const result = await load(workerd.url, requests, connections);
    const after = await workerd.processorMicroseconds();
    const processorMicroseconds = before === null || after === null ? null : (after - before) / count;
    return { name: variant.name, ...result, processorMicroseconds };
  } finally {
    await workerd.stop();
  }
}
