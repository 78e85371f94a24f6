/** What is on disk: whether a cluster is whole, who holds it, and how a new one is made. */
import { execFileSync } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from 'pg';
import type { Command } from './keeper.ts';
import type { Place } from './place.ts';

/** Known to all, as the server listens to this machine only. */
export const DATABASE = { user: 'ratecard', password: 'ratecard', name: 'ratecard' } as const;
const SUPERUSER = 'postgres';

/** How long the server of a run that just ended may take to let go of its folder. */
const RELEASE_MILLISECONDS = 20_000;

const clusterDirectory = (dataDirectory: string): string => join(dataDirectory, 'cluster');
const completeMarker = (dataDirectory: string): string => join(dataDirectory, 'complete');
const serverLock = (dataDirectory: string): string => join(clusterDirectory(dataDirectory), 'postmaster.pid');
const keeperLock = (dataDirectory: string): string => join(dataDirectory, 'keeper.pid');
const passwordFile = (dataDirectory: string): string => join(dataDirectory, 'password');

/** A cluster counts only once its role and database exist; anything less is made again from scratch. */
export function isComplete(dataDirectory: string): boolean {
  return existsSync(completeMarker(dataDirectory));
}

export function removeCluster(dataDirectory: string): void {
  rmSync(completeMarker(dataDirectory), { force: true });
  rmSync(clusterDirectory(dataDirectory), { recursive: true, force: true });
}

function commandLineOf(processId: number): string {
  if (process.platform === 'linux') return readFileSync(`/proc/${processId}/cmdline`, 'utf8');
  return execFileSync('ps', ['-o', 'command=', '-p', String(processId)], { encoding: 'utf8' });
}

/**
 * The process that a file names, if it lives and works on this cluster: its number may belong to somebody else
 * by now (a restarted container counts from 1 again).
 */
function livingProcess(file: string, cluster: string): number | undefined {
  try {
    const processId = Number.parseInt(readFileSync(file, 'utf8'), 10);
    return commandLineOf(processId).includes(cluster) ? processId : undefined;
  } catch {
    return undefined;
  }
}

/** The process id of the cluster's running server. */
export function serverProcessId(dataDirectory: string): number | undefined {
  return livingProcess(serverLock(dataDirectory), clusterDirectory(dataDirectory));
}

/** Notes who works on the cluster; from the first moment on, when there is no server yet that could. */
export function noteKeeper(dataDirectory: string, processId: number): void {
  writeFileSync(keeperLock(dataDirectory), String(processId));
}

/**
 * Waits for the keeper and the server of a run that is just ending, and clears the lock file of one that crashed.
 * @throws Error when a living one keeps the folder
 */
export async function awaitRelease(dataDirectory: string): Promise<void> {
  const holder = (): number | undefined =>
    livingProcess(keeperLock(dataDirectory), clusterDirectory(dataDirectory)) ??
    serverProcessId(dataDirectory);
  const deadline = Date.now() + RELEASE_MILLISECONDS;
  for (let processId = holder(); processId !== undefined; processId = holder()) {
    if (Date.now() > deadline) {
      throw new Error(`${dataDirectory} is in use by the PostgreSQL of process ${processId}`);
    }
    await delay(50);
  }
  rmSync(serverLock(dataDirectory), { force: true });
}

/**
 * Prepares the folder for `initdb` and names the command. Encoding and collation are Neon's (C.UTF-8, built
 * in), not those of the machine, so that an ORDER BY gives the same everywhere.
 */
export function initialiseCommand(place: Place): Command {
  const { dataDirectory, identity } = place;
  removeCluster(dataDirectory);
  mkdirSync(clusterDirectory(dataDirectory), { mode: 0o700 });
  writeFileSync(passwordFile(dataDirectory), DATABASE.password, { mode: 0o600 });
  if (identity) {
    chownSync(clusterDirectory(dataDirectory), identity.uid, identity.gid);
    chownSync(passwordFile(dataDirectory), identity.uid, identity.gid);
  }
  return {
    file: join(place.binaries, 'initdb'),
    arguments: [
      `--pgdata=${clusterDirectory(dataDirectory)}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${passwordFile(dataDirectory)}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--no-sync',
      '--no-instructions',
    ],
  };
}

/** The server itself: this machine only, no socket file, room for a gateway's and the tests' connections. */
export function serverCommand(
  place: Place,
  port: number,
  settings: Readonly<Record<string, string>>,
): Command {
  const all = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '250',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_destination: 'stderr',
    logging_collector: 'off',
    ...settings,
  };
  return {
    file: join(place.binaries, 'postgres'),
    arguments: [
      '-D',
      clusterDirectory(place.dataDirectory),
      '-p',
      String(port),
      ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
  };
}

/**
 * Makes the role and the database of a new cluster. The role has what Neon gives its owner role and no more:
 * what only a superuser may do must fail here as it would there
 * (https://neon.com/docs/manage/roles#the-neon_superuser-role).
 */
export async function completeCluster(place: Place, port: number): Promise<void> {
  const client = new Client({
    host: '127.0.0.1',
    port,
    user: SUPERUSER,
    password: DATABASE.password,
    database: 'postgres',
  });
  await client.connect();
  try {
    await client.query(
      `CREATE ROLE ${DATABASE.user} LOGIN CREATEDB CREATEROLE BYPASSRLS REPLICATION PASSWORD '${DATABASE.password}'`,
    );
    await client.query(
      `GRANT pg_read_all_data, pg_write_all_data, pg_monitor, pg_signal_backend TO ${DATABASE.user}`,
    );
    await client.query(`CREATE DATABASE ${DATABASE.name} OWNER ${DATABASE.user}`);
  } finally {
    await client.end();
  }
  rmSync(passwordFile(place.dataDirectory), { force: true });
  writeFileSync(completeMarker(place.dataDirectory), '');
}
