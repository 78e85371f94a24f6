import type { Effort, Progress } from '../measure/compare.ts';
import type { Result } from '../measure/results.ts';
import type { Bundles, Stage } from '../measure/stage.ts';

/** What a case is given. */
export interface Bench {
  /** A database that cases share: each makes rows of its own there, and counts on no others. */
  readonly stage: Stage;
  readonly bundles: Bundles;
  readonly effort: Effort;
  readonly progress: Progress;
}

export interface BenchCase {
  /** Chooses it on the command line. */
  readonly key: string;
  run(bench: Bench): Promise<readonly Result[]>;
}
