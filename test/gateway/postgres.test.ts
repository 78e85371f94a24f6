import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type LocalPostgres, type PostgresOptions, startPostgres } from '../../dev/postgres.ts';
import { eventually } from '../support/eventually.ts';

const cleanUps: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).toReversed()) await cleanUp();
});

function newDirectory(): string {
  const directory = join(tmpdir(), `ratecard-postgres-test-${randomUUID()}`);
  cleanUps.push(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

async function start(dataDirectory: string, options: Partial<PostgresOptions> = {}): Promise<LocalPostgres> {
  const postgres = await startPostgres({
    persistent: true,
    settings: { fsync: 'off' },
    ...options,
    dataDirectory,
  });
  cleanUps.push(() => postgres.stop());
  return postgres;
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

function isListening(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host, () => resolve(true));
    socket.on('error', () => resolve(false)).on('connect', () => socket.destroy());
  });
}

/** An existing cluster, as making one takes its time. Each test stops what it starts on it. */
const shared = join(tmpdir(), `ratecard-postgres-test-${randomUUID()}`);

beforeAll(async () => {
  const postgres = await startPostgres({ dataDirectory: shared, persistent: true });
  await postgres.stop();
});

afterAll(() => rmSync(shared, { recursive: true, force: true }));

interface Owner {
  readonly process: ChildProcess;
  readonly postgres: { readonly url: string; readonly port: number; readonly dataDirectory: string };
}

/**
 * A process of its own, and of its own process group, that starts PostgreSQL and then just lives.
 */
function spawnOwner(dataDirectory: string, persistent: boolean): ChildProcess {
  const module = join(import.meta.dirname, '..', '..', 'dev', 'postgres.ts');
  const options = { dataDirectory, persistent, settings: { fsync: 'off' } };
  const script = `
    import { startPostgres } from ${JSON.stringify(module)};
    console.log(JSON.stringify(await startPostgres(${JSON.stringify(options)})));
    setInterval(() => undefined, 1000);`;
  return spawn(process.execPath, ['--input-type=module', '--eval', script], {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

function startOwner(dataDirectory: string, persistent: boolean): Promise<Owner> {
  const child = spawnOwner(dataDirectory, persistent);
  return new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error('The owner ended before its PostgreSQL was up')));
    if (child.stdout) {
      createInterface({ input: child.stdout }).once('line', (line) => {
        resolve({ process: child, postgres: JSON.parse(line) });
      });
    }
  });
}

test('a new server is this machine’s only, UTF-8 in UTC, with a role that is no superuser', async () => {
  const postgres = await start(newDirectory());
  const [settings] = await query(
    postgres.url,
    `SELECT current_setting('max_connections')::int >= 200 AS roomy, current_setting('TimeZone') AS zone,
       current_setting('server_encoding') AS encoding, current_setting('listen_addresses') AS addresses,
       current_setting('unix_socket_directories') AS sockets, rolsuper AS superuser, current_database() AS name
     FROM pg_roles WHERE rolname = current_user`,
  );
  expect(settings).toEqual({
    roomy: true,
    zone: 'UTC',
    encoding: 'UTF8',
    addresses: '127.0.0.1',
    sockets: '',
    superuser: false,
    name: 'ratecard',
  });
  const outside = Object.values(networkInterfaces())
    .flat()
    .find((address) => address?.family === 'IPv4' && !address.internal);
  if (outside) expect(await isListening(postgres.port, outside.address)).toBe(false);
});

test('data is kept between runs, and fresh starts over', async () => {
  const directory = newDirectory();
  const first = await start(directory);
  await query(first.url, 'CREATE TABLE kept AS SELECT 7 AS n');
  await first.stop();
  expect(await isListening(first.port)).toBe(false);
  const second = await start(directory);
  expect(await query(second.url, 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
  await second.stop();
  const third = await start(directory, { fresh: true });
  expect(await query(third.url, `SELECT to_regclass('kept') AS kept`)).toEqual([{ kept: null }]);
});

test('a server that is not to persist leaves no folder, and settings and log lines go where they should', async () => {
  const directory = newDirectory();
  const lines: string[] = [];
  const postgres = await start(directory, {
    persistent: false,
    settings: { fsync: 'off', log_statement: 'all' },
    log: (line) => lines.push(line),
  });
  expect(await query(postgres.url, 'SHOW fsync')).toEqual([{ fsync: 'off' }]);
  await eventually('the statement is logged', () => lines.some((line) => line.includes('SHOW fsync')));
  await postgres.stop();
  expect(existsSync(postgres.dataDirectory)).toBe(false);
});

test('kill -9 of the owner ends the server, and the next start has the committed data', async () => {
  const owner = await startOwner(shared, true);
  await query(owner.postgres.url, 'CREATE TABLE kept AS SELECT 7 AS n');
  owner.process.kill('SIGKILL');
  // At once: the old server may still be shutting down.
  const next = await start(shared);
  expect(await query(next.url, 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
  expect(await isListening(owner.postgres.port)).toBe(false);
});

test('kill -9 of the owner of a throw-away server removes its folder, too', async () => {
  const owner = await startOwner(newDirectory(), false);
  owner.process.kill('SIGKILL');
  await eventually('the server has ended', async () => !(await isListening(owner.postgres.port)));
  await eventually('its folder is gone', () => !existsSync(owner.postgres.dataDirectory));
});

test.each(['SIGTERM', 'SIGINT', 'SIGKILL'] as const)(
  '%s to the owner’s whole process group ends the server',
  async (signal) => {
    const owner = await startOwner(shared, true);
    process.kill(-(owner.process.pid ?? Number.NaN), signal);
    await eventually('the server has ended', async () => !(await isListening(owner.postgres.port)));
  },
);

test.runIf(process.platform === 'linux')(
  'the server is in another process group than its owner, so that Ctrl-C does not stop it first',
  async () => {
    const owner = await startOwner(shared, true);
    const lockFile = join(shared, 'cluster', 'postmaster.pid');
    const server = Number.parseInt(readFileSync(lockFile, 'utf8'), 10);
    const groupOf = (processId: number): string | undefined =>
      /^\d+ \(.*\) \S+ \d+ (\d+)/.exec(readFileSync(`/proc/${processId}/stat`, 'utf8'))?.[1];
    expect(groupOf(server)).not.toBe(String(owner.process.pid));
    owner.process.kill('SIGKILL');
    await eventually('the server has ended', async () => !(await isListening(owner.postgres.port)));
  },
);

test('an owner killed while the cluster is being made leaves nothing that prevents the next start', async () => {
  const directory = newDirectory();
  const owner = spawnOwner(directory, true);
  await eventually('initdb is at work', () => existsSync(join(directory, 'cluster', 'PG_VERSION')));
  owner.kill('SIGKILL');
  const postgres = await start(directory);
  expect(await query(postgres.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('a half-made cluster is made again', async () => {
  const directory = newDirectory();
  mkdirSync(join(directory, 'cluster', 'base'), { recursive: true });
  writeFileSync(join(directory, 'cluster', 'PG_VERSION'), '18\n');
  const postgres = await start(directory);
  expect(await query(postgres.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
});

test('a lock file whose number belongs to no server any more does not prevent a start', async () => {
  const first = await start(shared);
  const lockFile = join(first.dataDirectory, 'cluster', 'postmaster.pid');
  const contents = readFileSync(lockFile, 'utf8');
  await first.stop();
  const lockLines = contents.split('\n');
  for (const processId of [process.pid, 2 ** 22 - 1]) {
    writeFileSync(lockFile, [processId, ...lockLines.slice(1)].join('\n'));
    const next = await start(shared);
    expect(await query(next.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await next.stop();
  }
});

test.runIf(process.platform === 'linux')('a server whose keeper is killed does not outlive it', async () => {
  const postgres = await start(shared);
  const lockFile = join(postgres.dataDirectory, 'cluster', 'postmaster.pid');
  const server = Number.parseInt(readFileSync(lockFile, 'utf8'), 10);
  const keeper = Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${server}/status`, 'utf8'))?.[1]);
  process.kill(keeper, 'SIGKILL');
  await eventually('the server has ended', async () => !(await isListening(postgres.port)));
});

test.runIf(process.getuid?.() === 0)(
  'as root, a folder that the server’s user cannot enter is replaced by one that stays the same',
  async () => {
    const closed = mkdtempSync(join(tmpdir(), 'ratecard-closed-'));
    cleanUps.push(() => rmSync(closed, { recursive: true, force: true }));
    const wanted = join(closed, 'project', '.ratecard', 'postgres');
    const first = await start(wanted);
    cleanUps.push(() => rmSync(first.dataDirectory, { recursive: true, force: true }));
    expect(first.dataDirectory.startsWith(closed)).toBe(false);
    await query(first.url, 'CREATE TABLE kept AS SELECT 7 AS n');
    await first.stop();
    const second = await start(wanted);
    expect(second.dataDirectory).toBe(first.dataDirectory);
    expect(await query(second.url, 'SELECT n FROM kept')).toEqual([{ n: 7 }]);
  },
);
