import { neon, neonConfig } from '@neondatabase/serverless';
import { Client, type QueryConfig } from 'pg';
import type { TransactionRunner } from '../../src/db/migrate.ts';

export interface RunnerConnection {
  readonly run: TransactionRunner;
  readonly close: () => Promise<void>;
  readonly kind: 'neon-http' | 'postgres';
}

export interface ConnectOptions {
  /** Speak Neon's SQL over HTTP whatever the host is called. */
  readonly http?: boolean;
  /** Where a local gateway takes SQL over HTTP; implies `http`. Must be on this machine. */
  readonly fetchEndpoint?: string | undefined;
}

/** A query by the extended protocol also when it has no parameters; the driver's types leave the option out. */
interface ExtendedQuery extends QueryConfig<unknown[]> {
  readonly queryMode: 'extended';
}

const loopbackHosts: readonly string[] = ['127.0.0.1', 'localhost', '[::1]'];

/**
 * Connects to Neon over HTTP when the host is Neon's (`*.neon.tech`) or the options say so, else to any Postgres
 * server over its own protocol. Both run every statement by the extended protocol, which takes one at a time: what
 * works locally works on Neon.
 */
export async function connectRunner(url: string, options: ConnectOptions = {}): Promise<RunnerConnection> {
  const { hostname } = new URL(url);
  if (options.http === true || options.fetchEndpoint !== undefined || hostname.endsWith('.neon.tech')) {
    return connectNeonHttp(url, options.fetchEndpoint);
  }
  return connectPostgres(url);
}

function connectNeonHttp(url: string, fetchEndpoint: string | undefined): RunnerConnection {
  if (fetchEndpoint !== undefined) {
    // The endpoint is sent the connection string, password and all.
    if (!loopbackHosts.includes(new URL(fetchEndpoint).hostname)) {
      throw new Error('DATABASE_FETCH_ENDPOINT must be on this machine (127.0.0.1 or localhost)');
    }
    neonConfig.fetchEndpoint = fetchEndpoint;
  }
  const sql = neon(url);
  return {
    kind: 'neon-http',
    run: (statements) =>
      sql.transaction(
        statements.map(({ text, params }) => sql.query(text, [...params])),
        { isolationLevel: 'ReadCommitted' },
      ),
    close: async () => {},
  };
}

async function connectPostgres(url: string): Promise<RunnerConnection> {
  const client = new Client({ connectionString: url, application_name: 'ratecard migrations' });
  // A connection that breaks between two queries fails the next one; unheard, the event would end the process.
  client.on('error', () => {});
  await client.connect();
  return {
    kind: 'postgres',
    close: () => client.end(),
    run: async (statements) => {
      await client.query('BEGIN ISOLATION LEVEL READ COMMITTED');
      try {
        const results: Record<string, unknown>[][] = [];
        for (const { text, params } of statements) {
          const query: ExtendedQuery = { text, values: [...params], queryMode: 'extended' };
          results.push((await client.query<Record<string, unknown>>(query)).rows);
        }
        await client.query('COMMIT');
        return results;
      } catch (error) {
        // On a broken connection ROLLBACK fails too; the server has rolled back then, and the first error counts.
        await client.query('ROLLBACK').catch(() => {});
        throw error;
      }
    },
  };
}
