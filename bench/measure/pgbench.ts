import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { DirectLoad, DirectStatement } from './direct.ts';
import { hold } from './held.ts';
import { summaryOf, type LoadResult } from './load.ts';

/** Of a connection: PostgreSQL plans a function's statements anew the first five times. */
const warmUpAtLeast = 6;
const warmUpShare = 0.25;

/**
 * Runs a statement by pgbench as the gateway does: by the extended protocol, parsed each time.
 * Source: https://www.postgresql.org/docs/current/pgbench.html
 */
export async function runPgbench({
  databaseUrl,
  statement,
  connections,
  requests,
}: DirectLoad): Promise<LoadResult> {
  const each = Math.max(1, Math.ceil(requests / connections));
  const warmUp = Math.max(warmUpAtLeast, Math.ceil(each * warmUpShare));
  const folder = await mkdtemp(join(tmpdir(), 'ratecard-pgbench-'));
  const remove = hold(() => rm(folder, { recursive: true, force: true }));
  try {
    const { script, definitions } = scriptOf(statement);
    await writeFile(join(folder, 'script.sql'), script);
    await promisify(execFile)('pgbench', [
      '--no-vacuum',
      '--protocol=extended',
      '--jobs=2',
      `--client=${connections}`,
      `--transactions=${warmUp + each}`,
      `--file=${join(folder, 'script.sql')}`,
      '--log',
      `--log-prefix=${join(folder, 'log')}`,
      ...definitions.map((definition) => `--define=${definition}`),
      databaseUrl,
    ]);
    return {
      ...resultOf(await readLogs(folder), warmUp, connections),
      offered: (warmUp + each) * connections,
    };
  } finally {
    await remove();
  }
}

/** What counts is what ended when all connections had warmed up. */
function resultOf(logged: readonly Transaction[], warmUp: number, connections: number): LoadResult {
  const warm = logged.reduce(
    (latest, { number, ended }) => (number <= warmUp ? Math.max(latest, ended) : latest),
    0,
  );
  const measured = logged.filter(({ ended }) => ended > warm);
  const last = measured.reduce((latest, { ended }) => Math.max(latest, ended), warm);
  const answers = measured.map(
    ({ milliseconds }) => ({ milliseconds, outcome: 'expected', databaseCalls: null }) as const,
  );
  return { connections, offered: logged.length, ...summaryOf(answers, last - warm) };
}

/** The statement with a variable for each parameter: what has a value is sent as one, as by the driver. */
function scriptOf({ text, parameters }: DirectStatement) {
  const definitions = parameters.flatMap((parameter, index) => {
    if (parameter === null) return [];
    return [`p${index + 1}=${typeof parameter === 'string' ? parameter : parameter.unique}`];
  });
  const statement = text.replaceAll(/\$(\d+)/g, (_, number: string) => {
    const parameter = parameters[Number(number) - 1] ?? null;
    if (parameter === null) return 'null';
    return typeof parameter === 'string' ? `:p${number}` : `(:p${number}::text || :unique::text)`;
  });
  return { definitions, script: `\\set unique random(1, 9000000000000000000)\n${statement};\n` };
}

interface Transaction {
  /** Of its connection: the first is 1. */
  readonly number: number;
  readonly milliseconds: number;
  /** In seconds. */
  readonly ended: number;
}

/** A line for each: connection, number, microseconds, script, and when it ended (seconds, and microseconds of it). */
async function readLogs(folder: string): Promise<readonly Transaction[]> {
  const logs = (await readdir(folder)).filter((name) => name.startsWith('log.'));
  const texts = await Promise.all(logs.map((name) => readFile(join(folder, name), 'utf8')));
  return texts
    .flatMap((content) => content.split('\n'))
    .filter((line) => line !== '')
    .map((line) => {
      const [, number, microseconds, , seconds, fraction] = line.split(' ').map(Number);
      if (
        number === undefined ||
        microseconds === undefined ||
        seconds === undefined ||
        fraction === undefined
      ) {
        throw new Error(`pgbench says something else: ${line}`);
      }
      return { number, milliseconds: microseconds / 1000, ended: seconds + fraction / 1e6 };
    });
}
