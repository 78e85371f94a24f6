import { parseArgs } from 'node:util';
import { connectRunner, type RunnerConnection } from './connect.ts';
import { findDatabaseUrl, withoutPassword } from './database-url.ts';

const exitFailed = 1;
const exitUsage = 2;

/**
 * Runs one command on the database that the command line or its surroundings name, and sets the exit code: 1 when
 * the command failed, 2 when it could not begin for want of a URL. Nothing it prints holds the database's password.
 */
export async function runDatabaseCommand(
  usage: string,
  command: (connection: RunnerConnection) => Promise<void>,
): Promise<void> {
  let url: string;
  let http: boolean;
  try {
    const options = parseOptions(usage);
    http = options.http;
    url = findDatabaseUrl({
      argument: options.url,
      envFile: options.envFile,
      environment: process.env,
      directory: process.cwd(),
    });
  } catch (error) {
    console.error(messageOf(error));
    process.exitCode = exitUsage;
    return;
  }
  try {
    const fetchEndpoint = process.env.DATABASE_FETCH_ENDPOINT || undefined;
    const connection = await connectRunner(url, { http, fetchEndpoint });
    try {
      await command(connection);
    } finally {
      await connection.close();
    }
  } catch (error) {
    console.error(withoutPassword(messageOf(error), url));
    process.exitCode = exitFailed;
  }
}

function parseOptions(usage: string): {
  url: string | undefined;
  envFile: string | undefined;
  http: boolean;
} {
  try {
    const { values } = parseArgs({
      options: {
        'database-url': { type: 'string' },
        variables: { type: 'string' },
        http: { type: 'boolean', default: false },
      },
    });
    return { url: values['database-url'], envFile: values.variables, http: values.http };
  } catch {
    // The parser's own message repeats the argument, which may be a URL with its password.
    throw new Error(`Usage: ${usage} [--database-url postgres://… | --variables FILE] [--http]`);
  }
}

/** A refused connection is an AggregateError without a message: its parts say what happened. */
function messageOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(messageOf).join('; ');
  return error instanceof Error ? error.message : 'unknown error';
}
