import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A bundled Worker and what it is given. */
export interface WorkerSetup {
  /** The folder that `wrangler deploy --dry-run --outdir` has written. */
  readonly directory: string;
  readonly compatibilityDate: string;
  readonly variables: Readonly<Record<string, string>>;
}

export interface RunningWorkerd {
  readonly url: string;
  stop(): Promise<void>;
}

/** Takes what a Worker sends to queues and keeps of documents, and remembers nothing. */
const nothingKept = `export default {
  fetch: (request) => new Response('{}', { status: request.method === 'GET' ? 404 : 200 }),
};`;

const text = (value: string) => JSON.stringify(value);

/** The configuration of a bare workerd: the Worker behind a socket, without any proxy before it. */
function configuration(setup: WorkerSetup, port: number): string {
  const variables = Object.entries(setup.variables).map(
    ([name, value]) => `(name = ${text(name)}, text = ${text(value)})`,
  );
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "nothing", worker = .nothing),
    (name = "internet", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]
);
const main :Workerd.Worker = (
  modules = [(name = "main.js", esModule = embed "main.js")],
  compatibilityDate = ${text(setup.compatibilityDate)},
  globalOutbound = "internet",
  bindings = [
    (name = "CATALOGUE", kvNamespace = "nothing"),
    (name = "WEBHOOK_QUEUE", queue = "nothing"),
    ${variables.join(',\n    ')}
  ],
);
const nothing :Workerd.Worker = (
  modules = [(name = "nothing.js", esModule = embed "nothing.js")],
  compatibilityDate = ${text(setup.compatibilityDate)},
);
`;
}

/** Starts a workerd of its own for a Worker, and waits until it listens. */
export async function startWorkerd(setup: WorkerSetup): Promise<RunningWorkerd> {
  const folder = await mkdtemp(join(tmpdir(), 'ratecard-bench-'));
  const bundle = (await readdir(setup.directory)).find((name) => name.endsWith('.js'));
  if (bundle === undefined) throw new Error(`${setup.directory} holds no bundled Worker`);
  const port = await freePort();
  await copyFile(join(setup.directory, bundle), join(folder, 'main.js'));
  await writeFile(join(folder, 'nothing.js'), nothingKept);
  await writeFile(join(folder, 'config.capnp'), configuration(setup, port));
  const resolve = createRequire(import.meta.url).resolve;
  const binary = join(dirname(resolve('workerd/package.json')), 'bin', 'workerd');
  const child = spawn(binary, ['serve', join(folder, 'config.capnp')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  await untilListening(url, child);
  return {
    url,
    stop: async () => {
      child.kill();
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function untilListening(url: string, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const answer = await fetch(`${url}/health`).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer !== undefined) return;
    await delay(20);
  }
  throw new Error(`workerd ended by itself: ${child.stderr?.read() ?? ''}`);
}

async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port is free');
  return address.port;
}
