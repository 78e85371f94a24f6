import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readEnvFile, readEnvFileIfPresent } from '../env-file.ts';

/** No usable URL of a database; the message says where one may come from, and never what was found there. */
class DatabaseUrlMissing extends Error {
  override readonly name = 'DatabaseUrlMissing';
}

export interface DatabaseUrlSources {
  /** The value of `--database-url`. */
  readonly argument: string | undefined;
  /** The value of `--variables`. */
  readonly envFile: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The project's folder, with `.dev.vars` and `.ratecard/dev.json`. */
  readonly directory: string;
}

const ways = [
  '  --database-url postgres://…',
  '  DATABASE_URL in the file of --variables',
  '  the environment variable DATABASE_URL',
  '  DATABASE_URL in .dev.vars',
  '  a running `npm run dev`, whose local database is used then',
].join('\n');

const runningStack = z.object({ database_url: z.string() });

/**
 * The URL of the database that a command works on: the first one given of the arguments, the environment, `.dev.vars`
 * and the running local stack.
 * @throws DatabaseUrlMissing, and an Error for a file that is not there
 */
export function findDatabaseUrl({ argument, envFile, environment, directory }: DatabaseUrlSources): string {
  const candidates: readonly [source: string, find: () => string | undefined][] = [
    ['--database-url', () => argument],
    [
      `DATABASE_URL in ${envFile}`,
      () => (envFile === undefined ? undefined : readEnvFile(envFile).DATABASE_URL),
    ],
    ['the environment variable DATABASE_URL', () => environment.DATABASE_URL],
    ['DATABASE_URL in .dev.vars', () => readEnvFileIfPresent(join(directory, '.dev.vars')).DATABASE_URL],
    ['.ratecard/dev.json', () => urlOfRunningStack(readIfPresent(join(directory, '.ratecard', 'dev.json')))],
  ];
  for (const [source, find] of candidates) {
    const url = find();
    if (url === undefined || url === '') continue;
    if (!isPostgresUrl(url)) throw new DatabaseUrlMissing(`${source} is not a postgres:// URL`);
    return url;
  }
  throw new DatabaseUrlMissing(`No database given. In this order, it is taken from:\n${ways}`);
}

/** A text without the URL's password, nor the URL: drivers put both into some of their messages. */
export function withoutPassword(text: string, url: string): string {
  const { password } = new URL(url);
  const secrets = [url, decodeURIComponent(password), password].filter((secret) => secret !== '');
  return secrets.reduce((redacted, secret) => redacted.replaceAll(secret, '***'), text);
}

/** Also refuses a password with a stray `%`, which no driver can decode. */
function isPostgresUrl(text: string): boolean {
  try {
    const url = new URL(text);
    decodeURIComponent(url.password);
    return url.protocol === 'postgres:' || url.protocol === 'postgresql:';
  } catch {
    return false;
  }
}

function urlOfRunningStack(text: string): string | undefined {
  if (text === '') return undefined;
  try {
    return runningStack.safeParse(JSON.parse(text)).data?.database_url;
  } catch {
    return undefined;
  }
}

function readIfPresent(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}
