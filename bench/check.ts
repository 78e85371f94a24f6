/**
 * `npm run bench:check`: holds the latest run to the ratios in bench/expected.json, and ends with 1 when one is more
 * than 15 % worse, a case is missing, or requests were dropped or failed. `--run` runs the benchmark first, which also
 * happens where there is no run yet; `--update` keeps the ratios of the latest run.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { expectedSchema, judge, keptFrom, type Expected } from './report/judge.ts';
import { readLatest, resultsDirectory, type RunRecord } from './report/run-record.ts';

const { values: options } = parseArgs({
  options: {
    run: { type: 'boolean', default: false },
    update: { type: 'boolean', default: false },
    results: { type: 'string', default: resultsDirectory },
    expected: { type: 'string', default: 'bench/expected.json' },
  },
});

async function readExpected(): Promise<Expected | undefined> {
  const text = await readFile(options.expected, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const read = expectedSchema.safeParse(JSON.parse(text));
  if (!read.success) throw new Error(`${options.expected} is not valid:\n${z.prettifyError(read.error)}`);
  return read.data;
}

async function runBench(): Promise<void> {
  const bench = join(import.meta.dirname, 'index.ts');
  const child = spawn(process.execPath, [bench, '--results', options.results], { stdio: 'inherit' });
  // Ctrl-C reaches the benchmark by itself: it has processes to stop, and is waited for.
  process.once('SIGINT', () => undefined);
  process.once('SIGTERM', () => child.kill());
  const [code] = await once(child, 'exit');
  if (code === null || code > 1) throw new Error('The benchmark was cut off.');
}

async function latestRun(): Promise<RunRecord> {
  const present = options.run ? undefined : await readLatest(options.results);
  if (present !== undefined) return present;
  await runBench();
  const record = await readLatest(options.results);
  if (record === undefined) throw new Error('The benchmark has left no result.');
  return record;
}

async function update(record: RunRecord): Promise<void> {
  const kept = keptFrom(record, await readExpected());
  await writeFile(options.expected, `${JSON.stringify(kept, null, 2)}\n`);
  console.log(`Kept in ${options.expected}.`);
}

async function check(record: RunRecord): Promise<void> {
  const expected = await readExpected();
  if (expected === undefined) throw new Error(`There is no ${options.expected}: write it with --update.`);
  const findings = judge(record, expected).toSorted((one, other) => Number(one.fails) - Number(other.fails));
  for (const { fails, line } of findings) console.log(`${fails ? 'FAIL' : 'ok  '}  ${line}`);
  const failures = findings.filter(({ fails }) => fails).length;
  console.log(failures === 0 ? 'Nothing is worse than what is kept.' : `${failures} failed.`);
  if (failures > 0) process.exitCode = 1;
}

try {
  const record = await latestRun();
  const { commit, effort, startedAt } = record;
  const of = commit === null ? '' : ` of ${commit.id.slice(0, 12)}${commit.changed ? ' with changes' : ''}`;
  console.log(`The run${of} at ${startedAt}: ${effort.rounds} round(s) at scale ${effort.scale}.`);
  await (options.update ? update(record) : check(record));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
