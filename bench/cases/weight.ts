import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { FigureResult, Result } from '../measure/results.ts';
import { startWorkerd, type WorkerSetup } from '../measure/workerd.ts';
import type { BenchCase } from './bench-case.ts';

const starts = 7;

/** What is uploaded, as a Worker's size is counted: modules, but not what `--outdir` writes for people to read. */
async function sizeOf({ directory }: WorkerSetup): Promise<FigureResult> {
  const files = (await readdir(directory)).filter((name) => !/\.map$|^README/.test(name));
  const modules = await Promise.all(files.map((name) => readFile(join(directory, name))));
  const whole = Buffer.concat(modules);
  return {
    kind: 'figure',
    name: 'bundle, gzip',
    value: gzipSync(whole).byteLength / 1024,
    unit: 'KiB',
    goal: { atMost: 300 },
    detail: `${(whole.byteLength / 1024).toFixed(0)} KiB before`,
  };
}

/** What a fresh process takes of a processor until its first answer. */
async function startOf(setup: WorkerSetup): Promise<number | null> {
  const workerd = await startWorkerd(setup);
  try {
    return await workerd.processorMicroseconds();
  } finally {
    await workerd.stop();
  }
}

/** What ours takes more than a bare Worker: the rest is workerd's own. */
async function startUp(
  ours: WorkerSetup,
  bare: WorkerSetup,
  progress: (line: string) => void,
): Promise<Result> {
  const name = 'start-up, processor time';
  const differences: number[] = [];
  for (let round = 1; round <= starts; round += 1) {
    progress(`${name}: round ${round} of ${starts}`);
    const [whole, least] = [await startOf(ours), await startOf(bare)];
    if (whole === null || least === null) {
      return { kind: 'skipped', name, reason: 'this system does not tell what a process takes' };
    }
    differences.push((whole - least) / 1000);
  }
  const sorted = differences.toSorted((one, other) => one - other);
  const [lowest, highest] = [sorted.at(0) ?? 0, sorted.at(-1) ?? 0];
  return {
    kind: 'figure',
    name,
    value: sorted[Math.floor(starts / 2)] ?? 0,
    unit: 'ms',
    goal: { atMost: 100 },
    detail: `until the first answer, less what a bare Worker takes; ${starts} starts, ${lowest.toFixed(0)} to ${highest.toFixed(0)} ms`,
  };
}

/** What a Worker weighs: its bundle, and its start. */
export const weight: BenchCase = {
  key: 'weight',
  run: async ({ stage, progress }) => {
    const ours = await stage.ratecard();
    const bare = await stage.worker('bench/baselines/same-bytes.ts');
    return [await sizeOf(ours), await startUp(ours, bare, progress)];
  },
};
