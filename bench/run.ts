import type { Bench, BenchCase } from './cases/bench-case.ts';
import type { Effort } from './measure/compare.ts';
import { resultSchema } from './measure/results.ts';
import { openBundles, setUpStage } from './measure/stage.ts';
import { describeMachine } from './report/machine.ts';
import type { ProgressLine } from './report/progress.ts';
import type { CaseRecord, RunRecord } from './report/run-record.ts';

export interface RunOptions {
  readonly chosen: readonly BenchCase[];
  readonly effort: Effort;
  /** The cases that were asked for; null where all were. */
  readonly only: readonly string[] | null;
}

/** Runs the cases one after another. One that fails is recorded as failed, and the others still run. */
export async function runCases(
  { chosen, effort, only }: RunOptions,
  progress: ProgressLine,
  cutOff: AbortSignal,
): Promise<RunRecord> {
  const startedAt = new Date().toISOString();
  const started = performance.now();
  const bundles = openBundles();
  const stage = await setUpStage(bundles);
  try {
    const described = await describeMachine(stage);
    const cases: CaseRecord[] = [];
    for (const [done, benchCase] of chosen.entries()) {
      const tell = (what: string) => progress.tell(done, `${benchCase.key}: ${what}`);
      tell('preparing');
      cases.push(await runCase(benchCase, { stage, bundles, effort, progress: tell }));
      cutOff.throwIfAborted();
    }
    return { version: 1, startedAt, seconds: secondsSince(started), ...described, effort, only, cases };
  } finally {
    await stage.tearDown();
    await bundles.remove();
  }
}

async function runCase({ key, run }: BenchCase, bench: Bench): Promise<CaseRecord> {
  const started = performance.now();
  try {
    const results = await run(bench);
    // Where no answer came, there is no figure either.
    const unsound = results.filter((result) => !resultSchema.safeParse(result).success);
    const names = unsound.map(({ name }) => name).join(', ');
    return {
      key,
      seconds: secondsSince(started),
      results: results.filter((result) => !unsound.includes(result)),
      failure: unsound.length === 0 ? null : `no sound figures for ${names}`,
    };
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    return { key, seconds: secondsSince(started), results: [], failure };
  }
}

function secondsSince(started: number): number {
  return Math.round(performance.now() - started) / 1000;
}
