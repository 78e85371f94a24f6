/** What is on disk: whether a cluster is whole, who holds it, and how a new one is made. */
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
const passwordFile = (dataDirectory: string): string => join(dataDirectory, 'password');

/** A cluster counts only once its role and database exist; anything less is made again from scratch. */
export function isComplete(dataDirectory: string): boolean {
  return existsSync(completeMarker(dataDirectory));
}

export function removeCluster(dataDirectory: string): void {
  rmSync(completeMarker(dataDirectory), { force: true });
  rmSync(clusterDirectory(dataDirectory), { recursive: true, force: true });
}

/** The process named by a `postmaster.pid`, if it still is a Postgres server of this folder. */
function holderOf(cluster: string): number | undefined {
  const lockFile = join(cluster, 'postmaster.pid');
  if (!existsSync(lockFile)) return undefined;
  const pid = Number.parseInt(readFileSync(lockFile, 'utf8'), 10);
  try {
    process.kill(pid, 0);
    // The number may belong to somebody else by now (a restarted container counts from 1 again).
    const commandLine = process.platform === 'linux' ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : cluster;
    return commandLine.includes(cluster) ? pid : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Waits for the server of a run that is just ending, and clears the lock file of one that crashed.
 * @throws Error when a living server keeps the folder
 */
export async function awaitRelease(dataDirectory: string): Promise<void> {
  const cluster = clusterDirectory(dataDirectory);
  const deadline = Date.now() + RELEASE_MILLISECONDS;
  for (let holder = holderOf(cluster); holder !== undefined; holder = holderOf(cluster)) {
    if (Date.now() > deadline) {
      throw new Error(`${dataDirectory} is in use by the PostgreSQL server with process id ${holder}`);
    }
    await delay(50);
  }
  rmSync(join(cluster, 'postmaster.pid'), { force: true });
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

/** The process id of the running server, from its lock file. */
export function serverProcessId(dataDirectory: string): number | undefined {
  return holderOf(clusterDirectory(dataDirectory));
}
