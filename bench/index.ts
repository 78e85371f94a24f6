/** `npm run bench`: what Ratecard costs beside the least that the same work could take, as ratios within one run. */
import { parseArgs } from 'node:util';
import { balance } from './cases/balance.ts';
import type { BenchCase } from './cases/bench-case.ts';
import { cachedPlans } from './cases/cached-plans.ts';
import { sideBySide } from './cases/side-by-side.ts';
import { webhookIntake } from './cases/webhook-intake.ts';
import { releaseAll, releaseWhenCutOff } from './measure/held.ts';
import type { Effort } from './measure/compare.ts';
import { openBundles, setUpStage } from './measure/stage.ts';
import { linesOf } from './report/table.ts';

const cases: readonly BenchCase[] = [cachedPlans, balance, webhookIntake, sideBySide];

const usage = `Usage: npm run bench -- [--only ${cases.map(({ key }) => key).join(',')}] [--rounds 3] [--scale 1]

--only takes some of the cases; --scale multiplies the requests of each measurement.`;

interface Options {
  readonly chosen: readonly BenchCase[];
  readonly effort: Effort;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      rounds: { type: 'string', default: '3' },
      scale: { type: 'string', default: '1' },
    },
  });
  const [rounds, scale] = [Number(values.rounds), Number(values.scale)];
  const keys = values.only?.split(',') ?? cases.map(({ key }) => key);
  const isKnown = keys.every((wanted) => cases.some(({ key }) => key === wanted));
  if (!Number.isInteger(rounds) || rounds < 1 || !(scale > 0) || !isKnown) throw new Error(usage);
  return { chosen: cases.filter(({ key }) => keys.includes(key)), effort: { rounds, scale } };
}

async function run({ chosen, effort }: Options): Promise<void> {
  const bundles = openBundles();
  const progress = (line: string) => console.error(line);
  const stage = await setUpStage(bundles);
  try {
    for (const { run: runCase } of chosen) {
      for (const result of await runCase({ stage, bundles, effort, progress })) console.log(linesOf(result));
    }
  } finally {
    await stage.tearDown();
    await bundles.remove();
  }
}

const cutOff = releaseWhenCutOff();
try {
  await run(readOptions());
} catch (error) {
  if (!cutOff.aborted) console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
} finally {
  await releaseAll();
}
