import { load, type LoadRequest, type LoadResult } from './load.ts';
import { loadAtRate } from './open-loop.ts';
import type { Goal, Measure, RatioResult, Side } from './results.ts';
import { startWorkerd, type RunningWorkerd, type WorkerSetup } from './workerd.ts';

/** A Worker, or what else answers HTTP, and what it is asked. */
export interface Variant {
  readonly name: string;
  readonly setup: WorkerSetup | ServerSetup;
  requests(count: number): readonly LoadRequest[];
  /** What must be so before the load, in each fresh process. Asked with the process's address. */
  readonly prepare?: (url: string) => Promise<void>;
  /** Told what became of all requests of a process, those of the warm-up too: for books that must agree with it. */
  readonly answered?: (outcome: Outcome) => void;
}

/** What answers HTTP by other means than a Worker: started for each measurement. */
export interface ServerSetup {
  start(): Promise<Pick<RunningWorkerd, 'url' | 'processorMicroseconds' | 'stop'>>;
}

/** What became of requests. */
export type Outcome = Pick<LoadResult, 'offered' | 'dropped' | 'errors'>;

export interface Load {
  readonly connections: number;
  /** Requests of one measurement. */
  readonly requests: number;
  /** Where they come at a fixed rate, whatever has become of those before. */
  readonly ratePerSecond?: number;
}

interface Compared {
  readonly name: string;
  readonly of: Measure;
  readonly goal?: Goal;
}

export interface Comparison extends Compared, Load {
  readonly subject: Variant;
  readonly baseline: Variant;
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
 * sides' figures are of the round whose ratio is the median; what was dropped or failed is counted in every round.
 */
export async function compare(
  comparison: Comparison,
  effort: Effort,
  progress: Progress,
): Promise<RatioResult> {
  const { name, subject, baseline } = comparison;
  const rounds: (readonly [Side, Side])[] = [];
  for (let round = 1; round <= effort.rounds; round += 1) {
    progress(`${name}: round ${round} of ${effort.rounds}`);
    // Who goes first changes: a machine that warms up or tires favours neither.
    const subjectFirst = round % 2 === 1;
    const first = await measure(subjectFirst ? subject : baseline, comparison, effort);
    const second = await measure(subjectFirst ? baseline : subject, comparison, effort);
    rounds.push(subjectFirst ? [first, second] : [second, first]);
  }
  return ratioOf(comparison, rounds);
}

/** What came of measuring subject and baseline, round by round. */
export function ratioOf(
  { name, of, goal }: Compared,
  rounds: readonly (readonly [subject: Side, baseline: Side])[],
): RatioResult {
  const sorted = rounds
    .map((sides) => ({ ratio: figureOf(sides[0], of) / figureOf(sides[1], of), sides }))
    .toSorted((one, other) => one.ratio - other.ratio);
  const [lowest, median, highest] = [sorted.at(0), sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
  if (lowest === undefined || median === undefined || highest === undefined) {
    throw new Error('nothing was measured');
  }
  const ours = countedOver(
    rounds.map(([side]) => side),
    median.sides[0],
  );
  const theirs = countedOver(
    rounds.map(([, side]) => side),
    median.sides[1],
  );
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

function countedOver(rounds: readonly Side[], side: Side): Side {
  const sumOf = (count: 'offered' | 'dropped' | 'errors') =>
    rounds.reduce((sum, round) => sum + round[count], 0);
  return { ...side, offered: sumOf('offered'), dropped: sumOf('dropped'), errors: sumOf('errors') };
}

function figureOf(result: LoadResult, of: Measure): number {
  switch (of) {
    case 'requests per second':
      return result.requestsPerSecond;
    // On a connection that always has one under way: each counts, and not the usual one alone.
    case 'time per request':
      return result.connections / result.requestsPerSecond;
    case 'p50 latency':
      return result.p50Milliseconds;
    case 'p99 latency':
      return result.p99Milliseconds;
  }
}

/** Measures a Worker by itself, in a fresh process. */
export async function measure(
  variant: Variant,
  { connections, requests, ratePerSecond }: Load,
  { scale }: Effort,
): Promise<Side> {
  const count = Math.max(1, Math.round(requests * scale));
  const server = await ('start' in variant.setup ? variant.setup.start() : startWorkerd(variant.setup));
  try {
    await variant.prepare?.(server.url);
    const warmUp = await load(server.url, variant.requests(Math.ceil(count * warmUpShare)), connections);
    variant.answered?.(warmUp);
    const measured = variant.requests(count);
    const before = await server.processorMicroseconds();
    const result =
      ratePerSecond === undefined
        ? await load(server.url, measured, connections)
        : await loadAtRate(server.url, measured, { connections, ratePerSecond });
    const after = await server.processorMicroseconds();
    variant.answered?.(result);
    const processorMicroseconds = before === null || after === null ? null : (after - before) / count;
    return { name: variant.name, ...result, processorMicroseconds };
  } finally {
    await server.stop();
  }
}
