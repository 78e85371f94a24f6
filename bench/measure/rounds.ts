import { load, type LoadRequest, type LoadResult } from './load.ts';
import { startWorkerd, type WorkerSetup } from './workerd.ts';

/** What cases measure, ready to be started. */
export interface Stage {
  readonly ratecard: WorkerSetup;
  readonly rawInsert: WorkerSetup;
  readonly webhookSecret: string;
}

/** A Worker, and what it is asked. */
export interface Variant {
  readonly setup: WorkerSetup;
  requests(count: number): readonly LoadRequest[];
}

export interface BenchCase {
  readonly name: string;
  /** The share of the baseline's requests a second that the subject should reach. */
  readonly goal: number;
  readonly subject: Variant;
  readonly baseline: Variant;
}

export interface Effort {
  readonly rounds: number;
  readonly requests: number;
  readonly connections: number;
}

export interface CaseResult {
  readonly name: string;
  readonly goal: number;
  /** Median over the rounds of subject / baseline, each of one round. */
  readonly ratio: number;
  readonly subject: LoadResult;
  readonly baseline: LoadResult;
}

const warmUpRequests = 200;

/**
 * Measures subject and baseline in turns, each in a fresh process, so that what else the machine does meets both. The
 * figures are of the round whose ratio is the median.
 */
export async function measure(
  { name, goal, subject, baseline }: BenchCase,
  effort: Effort,
  progress: (line: string) => void,
): Promise<CaseResult> {
  const rounds: CaseResult[] = [];
  for (let round = 1; round <= effort.rounds; round += 1) {
    progress(`${name}: round ${round} of ${effort.rounds}`);
    const subjectResult = await measureOnce(subject, effort);
    const baselineResult = await measureOnce(baseline, effort);
    const ratio = subjectResult.requestsPerSecond / baselineResult.requestsPerSecond;
    rounds.push({ name, goal, ratio, subject: subjectResult, baseline: baselineResult });
  }
  const median = rounds.toSorted((one, other) => one.ratio - other.ratio)[Math.floor(rounds.length / 2)];
  if (median === undefined) throw new Error('nothing was measured');
  return median;
}

async function measureOnce({ setup, requests }: Variant, effort: Effort): Promise<LoadResult> {
  const workerd = await startWorkerd(setup);
  try {
    await load(workerd.url, requests(warmUpRequests), effort.connections);
    return await load(workerd.url, requests(effort.requests), effort.connections);
  } finally {
    await workerd.stop();
  }
}
