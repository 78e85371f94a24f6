/** `npm run bench`: what Ratecard costs beside the least that the same work could take, as ratios within one run. */
import { parseArgs } from 'node:util';
import { balance } from './cases/balance.ts';
import type { BenchCase } from './cases/bench-case.ts';
import { cachedPlans } from './cases/cached-plans.ts';
import { coldPlans } from './cases/cold-plans.ts';
import { credited } from './cases/credited.ts';
import { databaseCalls } from './cases/database-calls.ts';
import { growth } from './cases/growth.ts';
import { memory } from './cases/memory.ts';
import { sideBySide } from './cases/side-by-side.ts';
import { spending } from './cases/spend.ts';
import { webhookIntake } from './cases/webhook-intake.ts';
import { weight } from './cases/weight.ts';
import { releaseAll, releaseWhenCutOff } from './measure/held.ts';
import { openProgress } from './report/progress.ts';
import { resultsDirectory, saveRecord } from './report/run-record.ts';
import { tableOf } from './report/table.ts';
import { runCases, type RunOptions } from './run.ts';

const cases: readonly BenchCase[] = [
  cachedPlans,
  coldPlans,
  balance,
  spending,
  webhookIntake,
  credited,
  growth,
  databaseCalls,
  weight,
  memory,
  sideBySide,
];

const usage = `Usage: npm run bench -- [--only CASE,CASE] [--rounds 3] [--scale 1] [--results ${resultsDirectory}]

Cases: ${cases.map(({ key }) => key).join(', ')}.
--only takes some of them; --scale multiplies the requests of each measurement; --results is the folder for the JSON
and the plot. Ends with 1 when a case failed; a goal that is missed is no failure.`;

function readOptions(): RunOptions & { readonly results: string } {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      rounds: { type: 'string', default: '3' },
      scale: { type: 'string', default: '1' },
      results: { type: 'string', default: resultsDirectory },
    },
  });
  const [rounds, scale] = [Number(values.rounds), Number(values.scale)];
  const only = values.only?.split(',') ?? null;
  const isKnown = only === null || only.every((wanted) => cases.some(({ key }) => key === wanted));
  if (!Number.isInteger(rounds) || rounds < 1 || !(scale > 0) || !isKnown) throw new Error(usage);
  const chosen = cases.filter(({ key }) => only === null || only.includes(key));
  return { chosen, effort: { rounds, scale }, only, results: values.results };
}

const cutOff = releaseWhenCutOff();
try {
  const options = readOptions();
  const progress = openProgress(process.stderr, options.chosen.length);
  const record = await runCases(options, progress, cutOff).finally(() => progress.end());
  const path = await saveRecord(options.results, record);
  console.log(`${tableOf(record)}\nWritten to ${path}, with a plot beside it.`);
  if (record.cases.some(({ failure }) => failure !== null)) process.exitCode = 1;
} catch (error) {
  console.error(cutOff.aborted ? 'Cut off.' : error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
} finally {
  await releaseAll();
}
