import { createWriteStream, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { optionalVariableNames } from '../../src/env.ts';
import { schedule } from '../../src/jobs.ts';
import { z } from 'zod';
import { firesAt } from './cron.ts';
import { startKept, type KeptProcess } from './kept-process.ts';
import { StackRefused } from './settings.ts';

const readyWithinMilliseconds = 60_000;
const cronMilliseconds = 60_000;
const everyMinute = '* * * * *';

export interface LocalWorker {
  readonly url: string;
  /** Where its log lines go. */
  readonly logFile: string;
  /** Why it serves nothing: a variable of the developer's that is not good. */
  readonly refusal: string | undefined;
  /** Rejects when the Worker ends by itself. */
  readonly failed: Promise<never>;
  stop(): Promise<void>;
}

/** Refuses a port that somebody listens on: `wrangler dev` would quietly take another one. */
export async function expectFreePort(port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const probe = createServer();
    probe.once('error', () =>
      reject(new StackRefused(`Port ${port} is taken. Choose another one: npm run dev -- --port 8788`)),
    );
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve()));
  });
}

/** The Worker under `wrangler dev`, with its cron trigger fired every minute, as Cloudflare would. */
export async function startLocalWorker(
  port: number,
  variables: Readonly<Record<string, string>>,
  stateFolder: string,
): Promise<LocalWorker> {
  const url = `http://127.0.0.1:${port}`;
  const logFile = join(stateFolder, 'worker.log');
  const kept = startWrangler(port, variables, stateFolder, logFile);
  const failed = kept.ended.then((code) => {
    throw new Error(`The Worker ended with code ${code}; ${logFile} says why.`);
  });
  const refusal = await Promise.race([untilReady(url), failed]);
  const cron = setInterval(() => void fireCrons(url, new Date()), cronMilliseconds);
  await fireCron(url, everyMinute);
  return {
    url,
    logFile,
    refusal,
    failed,
    stop: async () => {
      clearInterval(cron);
      failed.catch(() => undefined);
      await kept.stop();
    },
  };
}

function startWrangler(
  port: number,
  variables: Readonly<Record<string, string>>,
  stateFolder: string,
  logFile: string,
): KeptProcess {
  const environmentFile = join(stateFolder, 'worker.env');
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  writeFileSync(environmentFile, `${lines.join('\n')}\n`, { mode: 0o600 });
  const output = createWriteStream(logFile);
  const wrangler = join(
    dirname(createRequire(import.meta.url).resolve('wrangler/package.json')),
    'bin',
    'wrangler.js',
  );
  const options = {
    ip: '127.0.0.1',
    port: String(port),
    'inspector-port': '0',
    'env-file': environmentFile,
    'persist-to': join(stateFolder, 'worker'),
    'show-interactive-dev-session': 'false',
  };
  // Of a file, wrangler takes the required secrets alone.
  const optional = optionalVariableNames.filter((name) => variables[name] !== undefined);
  return startKept(
    {
      file: process.execPath,
      arguments: [
        wrangler,
        'dev',
        ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]),
        ...optional.flatMap((name) => ['--var', `${name}:${variables[name]}`]),
      ],
    },
    {
      environment: {
        // What the shell has set must not stand over it.
        ...variables,
        CLOUDFLARE_CF_FETCH_ENABLED: 'false',
        WRANGLER_SEND_METRICS: 'false',
        WRANGLER_SEND_ERROR_REPORTS: 'false',
        NO_COLOR: '1',
      },
      log: (line) => output.write(`${line}\n`),
    },
  );
}

/** Undefined once the Worker serves; what it says when it refuses to, for want of a good configuration. */
async function untilReady(url: string): Promise<string | undefined> {
  const deadline = Date.now() + readyWithinMilliseconds;
  for (;;) {
    const answer = await fetch(`${url}/health/ready`).catch(() => undefined);
    if (answer?.ok) return undefined;
    const problem = notReady.safeParse(await answer?.json().catch(() => undefined)).data;
    if (problem?.code === 'misconfigured') return problem.detail;
    if (Date.now() > deadline) throw new Error(`The Worker is not ready: ${problem?.detail ?? 'no answer'}`);
    await delay(100);
  }
}

const notReady = z.object({ code: z.string(), detail: z.string() });

/** Those whose time it is. */
async function fireCrons(url: string, moment: Date): Promise<void> {
  const due = Object.keys(schedule).filter((cron) => firesAt(cron, moment));
  await Promise.all(due.map((cron) => fireCron(url, cron)));
}

/** A cron that fails is logged by the Worker; the next one comes in time. */
async function fireCron(url: string, cron: string): Promise<void> {
  const target = new URL('/cdn-cgi/handler/scheduled', url);
  target.searchParams.set('cron', cron);
  await fetch(target).catch(() => undefined);
}
