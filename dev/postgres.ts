/** A real PostgreSQL server on this machine, for `npm run dev` and the tests; its binaries come from npm. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  awaitRelease,
  completeCluster,
  DATABASE,
  initialiseCommand,
  isComplete,
  noteKeeper,
  removeCluster,
  serverCommand,
  serverProcessId,
} from './postgres/cluster.ts';
import type { KeeperJob } from './postgres/keeper.ts';
import { choosePlace, type Place } from './postgres/place.ts';

export interface LocalPostgres {
  /** `postgres://user:password@127.0.0.1:port/ratecard`; the role is no superuser, as on Neon. */
  readonly url: string;
  readonly port: number;
  /** Where the data is: the wanted folder, or a substitute when the server's user cannot enter that. */
  readonly dataDirectory: string;
  /** Ends the server; resolves when its process is gone. */
  stop(): Promise<void>;
}

export interface PostgresOptions {
  readonly dataDirectory: string;
  /** Keep the data between runs (dev), or remove the folder when the server ends in whatever way (tests). */
  readonly persistent: boolean;
  /** Throw away what an earlier run left, and start with an empty database. */
  readonly fresh?: boolean;
  /** Told each line that Postgres logs. */
  readonly log?: (line: string) => void;
  /** Server settings (`postgresql.conf` names) on top of ours. */
  readonly settings?: Readonly<Record<string, string>>;
}

const READY = 'database system is ready to accept connections';
const PORT_TAKEN = 'could not bind';
const LAST_LINES = 20;

class PortTaken extends Error {}

/** A port that was free a moment ago: another process may take it, so callers try again. */
async function findFreePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('No free port was found');
  return address.port;
}

function spawnKeeper(job: KeeperJob, dataDirectory: string): ChildProcess {
  const keeper = spawn(
    process.execPath,
    [join(import.meta.dirname, 'postgres', 'keeper.ts'), JSON.stringify(job)],
    { detached: true, stdio: ['pipe', 'ignore', 'pipe'], windowsHide: true },
  );
  if (keeper.pid !== undefined) noteKeeper(dataDirectory, keeper.pid);
  return keeper;
}

/** Resolves once the server accepts connections. @throws with its last lines when it ends before. */
function untilReady(keeper: ChildProcess, log: (line: string) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const lastLines: string[] = [];
    keeper.once('error', reject);
    keeper.once('close', () => {
      const said = lastLines.join('\n');
      reject(
        said.includes(PORT_TAKEN) ? new PortTaken(said) : new Error(`PostgreSQL did not start:\n${said}`),
      );
    });
    if (keeper.stderr === null) return;
    createInterface({ input: keeper.stderr }).on('line', (line) => {
      log(line);
      lastLines.push(line);
      if (lastLines.length > LAST_LINES) lastLines.shift();
      if (line.includes(READY)) resolve();
    });
  });
}

function endOf(keeper: ChildProcess): Promise<void> {
  if (keeper.exitCode !== null || keeper.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => keeper.once('exit', () => resolve()));
}

async function startServer(place: Place, options: PostgresOptions): Promise<LocalPostgres> {
  const { dataDirectory } = place;
  const port = await findFreePort();
  const isNew = !isComplete(dataDirectory);
  const server = serverCommand(place, port, options.settings ?? {});
  const job: KeeperJob = {
    commands: isNew ? [initialiseCommand(place), server] : [server],
    identity: place.identity,
    removeAtEnd: options.persistent ? null : dataDirectory,
  };
  const keeper = spawnKeeper(job, dataDirectory);
  const stop = async (): Promise<void> => {
    keeper.stdin?.end();
    await endOf(keeper);
  };
  try {
    await untilReady(keeper, options.log ?? (() => undefined));
    if (isNew) await completeCluster(place, port);
  } catch (error) {
    await stop();
    throw error;
  }
  // Should somebody kill the keeper, the server would be nobody's: end it as the keeper would have.
  keeper.once('exit', () => {
    const left = serverProcessId(dataDirectory);
    if (left !== undefined) process.kill(left, 'SIGINT');
  });
  const url = `postgres://${DATABASE.user}:${DATABASE.password}@127.0.0.1:${port}/${DATABASE.name}`;
  return { url, port, dataDirectory, stop };
}

/**
 * Starts PostgreSQL on a free port of 127.0.0.1, making the cluster first where there is none or only half a
 * one. The server ends with `stop()` and also when this process ends in any other way, `kill -9` included.
 * @throws Error when another server holds the folder, or with the server's words when it cannot start
 */
export async function startPostgres(options: PostgresOptions): Promise<LocalPostgres> {
  const place = choosePlace(options.dataDirectory);
  await awaitRelease(place.dataDirectory);
  if (options.fresh === true) removeCluster(place.dataDirectory);
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startServer(place, options);
    } catch (error) {
      if (!(error instanceof PortTaken) || attempt === 3) throw error;
    }
  }
}
