import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { ServerSetup } from './compare.ts';
import { hold } from './held.ts';
import { freePort, processorMicroseconds } from './workerd.ts';

/** Debian's packages are of this one, whatever other Python a machine may have. */
const python = '/usr/bin/python3';
const directory = join(import.meta.dirname, '../baselines/fastapi');

/** Whether this machine has what bench/baselines/fastapi/install.sh installs. */
export async function hasFastApi(): Promise<boolean> {
  return promisify(execFile)(python, ['-c', 'import fastapi, uvicorn, psycopg2']).then(
    () => true,
    () => false,
  );
}

/** The service in bench/baselines/fastapi, by uvicorn with so many processes. */
export function fastApi(workers: number, variables: Readonly<Record<string, string>>): ServerSetup {
  return {
    start: async () => {
      const port = await freePort();
      const options = ['--host', '127.0.0.1', '--port', String(port), '--workers', String(workers)];
      const child = spawn(python, ['-m', 'uvicorn', 'main:app', ...options, '--no-access-log'], {
        cwd: directory,
        env: { ...process.env, ...variables, PYTHONDONTWRITEBYTECODE: '1' },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      const ended = once(child, 'exit');
      const stop = hold(async () => {
        child.kill();
        await ended;
      });
      const pid = child.pid ?? 0;
      await untilAllServe(createInterface({ input: child.stderr }), workers);
      // Nobody reads on: a process whose words nobody takes stands still when its pipe is full.
      child.stderr.resume();
      return {
        url: `http://127.0.0.1:${port}`,
        processorMicroseconds: () => processorMicrosecondsWithChildren(pid),
        stop,
      };
    },
  };
}

/** Each process says so once: with the first one alone, half of the service would be measured. */
async function untilAllServe(lines: AsyncIterable<string>, workers: number): Promise<void> {
  const said: string[] = [];
  let left = workers;
  for await (const line of lines) {
    said.push(line);
    if (line.includes('Application startup complete')) left -= 1;
    if (left === 0) return;
  }
  throw new Error(`FastAPI ended by itself:\n${said.join('\n')}`);
}

async function processorMicrosecondsWithChildren(pid: number): Promise<number | null> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => undefined);
  if (children === undefined) return null;
  const pids = [pid, ...children.split(' ').filter(Boolean).map(Number)];
  const times = await Promise.all(pids.map(processorMicroseconds));
  return times.reduce((sum, time) => (sum === null || time === null ? null : sum + time), 0);
}
