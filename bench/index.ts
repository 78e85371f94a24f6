/** `npm run bench`: what Ratecard costs beside the least that the same work could take, as ratios within one run. */
import { parseArgs } from 'node:util';
import { webhookIntake } from './cases/webhook-intake.ts';
import { measure, type CaseResult, type Effort } from './measure/rounds.ts';
import { setUpStage } from './measure/stage.ts';

const usage = 'Usage: npm run bench -- [--rounds 5] [--requests 2000] [--connections 16]';

function readEffort(): Effort {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '5' },
      requests: { type: 'string', default: '2000' },
      connections: { type: 'string', default: '16' },
    },
  });
  const [rounds, requests, connections] = [values.rounds, values.requests, values.connections].map(Number);
  if (![rounds, requests, connections].every((value) => Number.isInteger(value) && Number(value) > 0)) {
    throw new Error(usage);
  }
  return { rounds: Number(rounds), requests: Number(requests), connections: Number(connections) };
}

function sideOf(name: string, result: CaseResult['subject']): string {
  const calls =
    result.databaseCallsAtMost === null ? '' : `, ${result.databaseCallsAtMost} database call(s) each`;
  const latency = `p50 ${result.p50Milliseconds.toFixed(1)} ms, p99 ${result.p99Milliseconds.toFixed(1)} ms`;
  const rate = `${result.requestsPerSecond.toFixed(0)}/s`;
  return `  ${name} ${rate}, ${latency}, ${result.requests} requests, ${result.errors} errors${calls}`;
}

function linesOf({ name, goal, ratio, subject, baseline }: CaseResult): string {
  const verdict = `${ratio.toFixed(2)} (goal ${goal.toFixed(2)}, ${ratio >= goal ? 'reached' : 'missed'})`;
  return [`${name}: ${verdict}`, sideOf('Ratecard', subject), sideOf('baseline', baseline)].join('\n');
}

try {
  const effort = readEffort();
  const stage = await setUpStage();
  try {
    console.log(linesOf(await measure(webhookIntake(stage), effort, (line) => console.error(line))));
  } finally {
    await stage.tearDown();
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
