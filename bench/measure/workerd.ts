import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { copyFile, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { Compatibility } from './bundle.ts';
import { hold } from './held.ts';
import { queueBroker, queueBrokerMembers, queueTaken } from './queue-broker.ts';

/** A bundled Worker and what it is given. */
export interface WorkerSetup extends Compatibility {
  /** The folder that `wrangler deploy --dry-run --outdir` has written. */
  readonly directory: string;
  readonly variables: Readonly<Record<string, string>>;
  /** What its KV does: keep documents in memory, as where nothing is said, or forget each at once. */
  readonly store?: 'kept' | 'empty';
  /** What becomes of what it sends to its queue: nothing, as where nothing is said, or it is the consumer, too. */
  readonly queue?: 'dropped' | 'consumed';
}

export interface RunningWorkerd {
  readonly url: string;
  readonly pid: number;
  /** What all its threads have taken of a processor since it started; null where the system does not tell. */
  processorMicroseconds(): Promise<number | null>;
  /** What of it is in memory; null where the system does not tell. */
  residentBytes(): Promise<number | null>;
  stop(): Promise<void>;
}

/** Takes what a Worker sends to its queue, and does nothing with it. */
const sink = `export default { fetch: () => Response.json(${queueTaken}) };`;

/** Keeps documents as Workers KV does, in memory. */
const documentStore = `const documents = new Map();
export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (request.method === 'PUT') documents.set(pathname, await request.text());
    const document = documents.get(pathname);
    return new Response(document, { status: document === undefined ? 404 : 200 });
  },
};`;

/** Takes documents as Workers KV does, and has none of them. */
const emptyStore = `export default {
  async fetch(request) {
    // A document that nobody takes is one that could not be put.
    await request.text();
    return new Response(null, { status: request.method === 'PUT' ? 200 : 404 });
  },
};`;

/** The rate limit binding, with room for everybody. */
const limiter = 'export default () => ({ limit: async () => ({ success: true }) });';

const modules = {
  'kept.js': documentStore,
  'empty.js': emptyStore,
  'dropped.js': sink,
  'consumed.js': queueBroker,
  'limiter.js': limiter,
};
const limits = ['AUTH_LIMIT', 'PUBLIC_LIMIT', 'GENERAL_LIMIT', 'MACHINE_LIMIT'];

const text = (value: string) => JSON.stringify(value);

/** The configuration of a bare workerd: the Worker behind a socket, without any proxy before it. */
function configuration(setup: WorkerSetup, port: number): string {
  const variables = Object.entries(setup.variables).map(
    ([name, value]) => `(name = ${text(name)}, text = ${text(value)})`,
  );
  const limiters = limits.map((name) => `(name = ${text(name)}, wrapped = (moduleName = "bench:limiter"))`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "store", worker = .store),
    (name = "queue", worker = .queue),
    (name = "internet", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
  extensions = [(modules = [(name = "bench:limiter", esModule = embed "limiter.js", internal = true)])]
);
const main :Workerd.Worker = (
  modules = [(name = "main.js", esModule = embed "main.js")],
  compatibilityDate = ${text(setup.compatibilityDate)},
  compatibilityFlags = [${setup.compatibilityFlags.map(text).join(', ')}],
  globalOutbound = "internet",
  bindings = [
    (name = "CATALOGUE", kvNamespace = "store"),
    (name = "WEBHOOK_QUEUE", queue = "queue"),
    ${[...limiters, ...variables].join(',\n    ')}
  ],
);
const store :Workerd.Worker = (
  modules = [(name = "store.js", esModule = embed "${setup.store ?? 'kept'}.js")],
  compatibilityDate = ${text(setup.compatibilityDate)},
);
const queue :Workerd.Worker = (
  modules = [(name = "queue.js", esModule = embed "${setup.queue ?? 'dropped'}.js")],
  compatibilityDate = ${text(setup.compatibilityDate)},
  ${setup.queue === 'consumed' ? queueBrokerMembers : ''}
);
`;
}

/** Starts a workerd of its own for a Worker, and waits until it listens. */
export async function startWorkerd(setup: WorkerSetup): Promise<RunningWorkerd> {
  const folder = mkdtempSync(join(tmpdir(), 'ratecard-bench-'));
  const removeFolder = hold(() => rm(folder, { recursive: true, force: true }));
  const bundle = (await readdir(setup.directory)).find((name) => name.endsWith('.js'));
  if (bundle === undefined) throw new Error(`${setup.directory} holds no bundled Worker`);
  const port = await freePort();
  await copyFile(join(setup.directory, bundle), join(folder, 'main.js'));
  await Promise.all(Object.entries(modules).map(([name, content]) => writeFile(join(folder, name), content)));
  await writeFile(join(folder, 'config.capnp'), configuration(setup, port));
  const binary = join(dirname(workerdPackage()), 'bin', 'workerd');
  const allowed = setup.queue === 'consumed' ? ['--experimental'] : [];
  const child = spawn(binary, ['serve', ...allowed, join(folder, 'config.capnp')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'exit');
  const stop = hold(async () => {
    child.kill();
    await ended;
    await removeFolder();
  });
  const url = `http://127.0.0.1:${port}`;
  await untilListening(url, child, lastWordsOf(child));
  const pid = child.pid ?? 0;
  return {
    url,
    pid,
    processorMicroseconds: () => processorMicroseconds(pid),
    residentBytes: () => residentBytes(pid),
    stop,
  };
}

function workerdPackage(): string {
  const { resolve } = createRequire(import.meta.url);
  return resolve('workerd/package.json');
}

export async function workerdVersion(): Promise<string> {
  return z.object({ version: z.string() }).parse(JSON.parse(await readFile(workerdPackage(), 'utf8')))
    .version;
}

/** Linux tells it of each thread, in nanoseconds. Source: https://docs.kernel.org/scheduler/sched-stats.html */
export async function processorMicroseconds(pid: number): Promise<number | null> {
  try {
    const threads = await readdir(`/proc/${pid}/task`);
    const times = await Promise.all(
      threads.map(async (thread) => {
        const [onProcessor] = (await readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8')).split(' ');
        return Number(onProcessor) / 1000;
      }),
    );
    return times.reduce((sum, time) => sum + time, 0);
  } catch {
    return null;
  }
}

/** Source: https://docs.kernel.org/filesystems/proc.html (VmRSS) */
async function residentBytes(pid: number): Promise<number | null> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const [, kibibytes] = /^VmRSS:\s*(\d+) kB$/m.exec(status) ?? [];
  return kibibytes === undefined ? null : Number(kibibytes) * 1024;
}

/** What it has said last. Read all the time: a process whose words nobody takes stands still when its pipe is full. */
function lastWordsOf({ stderr }: ChildProcess): () => string {
  let words = '';
  stderr?.setEncoding('utf8').on('data', (said: string) => {
    words = `${words}${said}`.slice(-2000);
  });
  return () => words;
}

async function untilListening(url: string, child: ChildProcess, said: () => string): Promise<void> {
  while (child.exitCode === null && child.signalCode === null) {
    const answer = await fetch(`${url}/health`).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer !== undefined) return;
    await delay(20);
  }
  throw new Error(`workerd ended by itself: ${said()}`);
}

export async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
}
