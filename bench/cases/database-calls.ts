import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { hold } from '../measure/held.ts';
import type { FigureResult } from '../measure/results.ts';
import type { BenchCase } from './bench-case.ts';

const test = 'test/http/database-calls.test.ts';
const measured = z.record(z.string(), z.int());

/** What each route's answer says it took: the test that asks every route, and has them keep to it, writes it down. */
async function callsByRoute(): Promise<Readonly<Record<string, number>>> {
  const directory = await mkdtemp(join(tmpdir(), 'ratecard-calls-'));
  const file = join(directory, 'calls.json');
  try {
    const options = { env: { ...process.env, DATABASE_CALLS_FILE: file }, maxBuffer: 2 ** 26 };
    const running = promisify(execFile)('vitest', ['run', test], options);
    const stop = hold(async () => {
      running.child.kill();
      await running.catch(() => undefined);
    });
    await running.finally(stop);
    return measured.parse(JSON.parse(await readFile(file, 'utf8')));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Calls to the database of every route's dearest request, by their number. */
export const databaseCalls: BenchCase = {
  key: 'calls',
  run: async ({ progress }) => {
    progress(`database calls of each route: ${test}`);
    const routes = Object.groupBy(Object.entries(await callsByRoute()), ([, calls]) => calls);
    return Object.entries(routes).map(([calls, found = []]): FigureResult => ({
      kind: 'figure',
      name: `routes with ${calls} database call(s)`,
      value: found.length,
      unit: 'routes',
      detail: found.map(([route]) => route).join(', '),
    }));
  },
};
