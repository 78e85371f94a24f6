import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { connectRunner } from '../../dev/database/connect.ts';
import { migrationsDirectory, readMigrations } from '../../dev/database/migrations.ts';
import { rollback } from '../../src/db/migrate.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { describeCatalog, rowsOf } from './catalog.ts';
import { runCommand } from './run-command.ts';

const password = 'open-sesame';
const counts = 'subscription_plans 7\ncredit_packages    4\nwebhook_events     0\n';

let database: TestDatabase;
/** A folder with the project's migrations and nothing else of it: no `.dev.vars`, no running stack. */
let directory: string;

beforeEach(async () => {
  database = await createTestDatabase();
  directory = mkdtempSync(join(tmpdir(), 'ratecard-commands-'));
  symlinkSync(resolve('drizzle'), join(directory, 'drizzle'));
});

afterEach(async () => {
  rmSync(directory, { recursive: true });
  await database.drop();
});

/** What the command does, in this process. Answers which migration it was. */
async function rollBackHere(): Promise<string | undefined> {
  const { run, close } = await connectRunner(database.url);
  try {
    return (await rollback(run, readMigrations(migrationsDirectory))).rolledBack;
  } finally {
    await close();
  }
}

describe('db:migrate and db:rollback', () => {
  test('tell each migration applied, then the counts that an operator checks; again: up to date', async () => {
    const environment = { DATABASE_URL: database.url };
    const first = await runCommand('migrate', [], { directory, environment });
    expect(first).toMatchObject({ exitCode: 0, stderr: '' });
    expect(first.stdout).toMatch(/^(applied \d{4}_\w+\n)+subscription_plans /);
    expect(first.stdout.endsWith(counts)).toBe(true);
    const second = await runCommand('migrate', [], { directory, environment });
    expect(second).toEqual({ exitCode: 0, stdout: `up to date\n${counts}`, stderr: '' });
  });

  test('undo the newest migration and say which, until there is nothing to roll back', async () => {
    const options = { directory, environment: { DATABASE_URL: database.url } };
    const { stdout } = await runCommand('migrate', [], options);
    const applied = [...stdout.matchAll(/^applied (\w+)$/gm)].map((match) => match[1]);
    expect(applied.length).toBeGreaterThan(0);
    // The two newest and the oldest in processes of their own, which take long to start; those between them without.
    for (const [place, name] of applied.toReversed().entries()) {
      if (place > 1 && place < applied.length - 1) {
        expect(await rollBackHere()).toBe(name);
        continue;
      }
      expect(await runCommand('rollback', [], options)).toEqual({
        exitCode: 0,
        stdout: `rolled back ${String(name)}\n`,
        stderr: '',
      });
    }
    expect(await runCommand('rollback', [], options)).toMatchObject({
      exitCode: 0,
      stdout: 'nothing to roll back\n',
    });
  });

  test('over HTTP they make the same database as over a connection', async () => {
    const other = await createTestDatabase();
    try {
      const environment = { DATABASE_FETCH_ENDPOINT: inject('gatewayUrl') };
      const http = await runCommand('migrate', ['--database-url', database.url], { directory, environment });
      const postgres = await runCommand('migrate', ['--database-url', other.url], { directory });
      expect(http).toEqual(postgres);
      expect(http.exitCode).toBe(0);
      expect(await describeCatalog(database.url)).toEqual(await describeCatalog(other.url));
      const journal =
        'SELECT position, name, content_hash, down_hash FROM schema_migrations ORDER BY position';
      expect(await rowsOf(database.url, journal)).toEqual(await rowsOf(other.url, journal));
    } finally {
      await other.drop();
    }
  });
});

describe('the database that a command works on', () => {
  test('is the first of arguments, environment, .dev.vars and running stack', async () => {
    const wrong = 'postgres://nobody:x@127.0.0.1:1/nothing';
    const run = (args: readonly string[], environment: Readonly<Record<string, string>>) =>
      runCommand('rollback', args, { directory, environment });
    const devVars = (url: string) =>
      writeFileSync(join(directory, '.dev.vars'), `# local\nDATABASE_URL="${url}"\n`);
    mkdirSync(join(directory, '.ratecard'));
    writeFileSync(join(directory, '.ratecard', 'dev.json'), JSON.stringify({ database_url: database.url }));
    expect((await run([], {})).exitCode).toBe(0);
    devVars(wrong);
    expect((await run([], {})).exitCode).toBe(1);
    devVars(database.url);
    expect((await run([], {})).exitCode).toBe(0);
    expect((await run([], { DATABASE_URL: wrong })).exitCode).toBe(1);
    writeFileSync(join(directory, 'production.env'), `DATABASE_URL=${database.url}\n`);
    expect((await run(['--variables', 'production.env'], { DATABASE_URL: wrong })).exitCode).toBe(0);
    expect((await run(['--variables', 'missing.env'], {})).exitCode).toBe(2);
    expect((await run(['--database-url', database.url], { DATABASE_URL: wrong })).exitCode).toBe(0);
  });

  test('must be named: without a URL the command says where one may come from', async () => {
    const { exitCode, stdout, stderr } = await runCommand('migrate', [], { directory });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    for (const way of ['--database-url', '--variables', 'DATABASE_URL', '.dev.vars', 'npm run dev'])
      expect(stderr).toContain(way);
  });

  test.each([
    ['nobody listens', `postgres://someone:${password}@127.0.0.1:1/nothing`, []],
    ['nobody listens over HTTP', `postgres://someone:${password}@127.0.0.1:1/nothing`, ['--http']],
    ['the URL is none', `postgres://someone:${password}@:port:/nothing`, []],
    ['the URL is of another kind', `mysql://someone:${password}@127.0.0.1/nothing`, []],
    ['the URL lacks a part that Neon needs', `postgres://:${password}@127.0.0.1`, ['--http']],
    ['the password cannot be decoded', `postgres://someone:${password}%zz@127.0.0.1:1/nothing`, []],
  ])('its password is never printed when %s', async (_case, url, args) => {
    const { exitCode, stdout, stderr } = await runCommand('migrate', ['--database-url', url, ...args], {
      directory,
    });
    expect(exitCode).toBeGreaterThan(0);
    expect(stderr).not.toBe('');
    expect(stdout + stderr).not.toContain(password);
  });

  test('its password is never printed when it is refused', async () => {
    const url = new URL(database.url);
    url.password = password;
    const { exitCode, stdout, stderr } = await runCommand('migrate', ['--database-url', url.href], {
      directory,
    });
    expect(exitCode).toBe(1);
    expect(stderr).toContain('password authentication failed');
    expect(stdout + stderr).not.toContain(password);
  });

  test('is not shown on the screen when it was given in a place where none is taken', async () => {
    const url = `postgres://someone:${password}@127.0.0.1:1/nothing`;
    const { exitCode, stderr } = await runCommand('migrate', [url], { directory });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('Usage');
    expect(stderr).not.toContain(password);
  });

  test('is never sent to an endpoint on another machine', async () => {
    await expect(
      connectRunner(database.url, { fetchEndpoint: 'http://database.example/sql' }),
    ).rejects.toThrow(/must be on this machine/);
  });
});
