import { connect } from 'node:net';
import { Client, type QueryArrayConfig } from 'pg';
import { connectionError, GatewayError } from './errors.ts';
import type { Statement } from './protocol.ts';
import type { TextResult } from './results.ts';
import type { Target } from './target.ts';

/**
 * What DISCARD ALL does, but for the plans: those of functions are no state that a later request could see, and to plan
 * them anew for each request costs more than most requests do.
 * Source: https://www.postgresql.org/docs/current/sql-discard.html
 */
const FORGET_STATE = `CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; DEALLOCATE ALL; UNLISTEN *;
  SELECT pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES`;

const CONNECT_TIMEOUT_MILLISECONDS = 15_000;
const CANCEL_INTERVAL_MILLISECONDS = 50;

/** node-postgres' message that says how to cancel this connection's queries. */
interface CancelKey {
  readonly processID: number;
  readonly secretKey: number;
}

/** An option of node-postgres that its types leave out: one statement per query even without parameters. */
interface ExtendedQuery extends QueryArrayConfig {
  readonly queryMode: 'extended';
}

/** Leaves each value as the text that Postgres sent. */
const AS_TEXT = { getTypeParser: () => (text: string) => text };

/** One connection to Postgres, used by one request at a time. */
export class Session {
  readonly target: Target;
  readonly #client: Client;
  #cancelKey: CancelKey | undefined;
  #ended = false;

  private constructor(target: Target) {
    this.target = target;
    this.#client = new Client({
      host: target.host,
      port: target.port,
      user: target.user,
      password: target.password,
      database: target.database,
      application_name: target.applicationName,
      ssl: false,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MILLISECONDS,
    });
    // A query in flight learns of a lost connection by itself; an idle session only ends.
    this.#client.on('error', () => undefined);
    this.#client.on('end', () => {
      this.#ended = true;
    });
    this.#client.connection.on('backendKeyData', (key: CancelKey) => {
      this.#cancelKey = key;
    });
  }

  /** @throws DatabaseError for a wrong user, password or database; GatewayError 500 for other failures */
  static async open(target: Target): Promise<Session> {
    const session = new Session(target);
    try {
      await session.#client.connect();
    } catch (error) {
      session.close();
      throw connectionError(error);
    }
    // node-postgres refuses COPY FROM STDIN with a message that must be followed by a Sync; its own went out
    // before, and Postgres ignored it. Listening from here on comes after node-postgres' listener.
    const { connection } = session.#client;
    connection.on('copyInResponse', () => connection.sync());
    return session;
  }

  get ended(): boolean {
    return this.#ended;
  }

  onEnd(listener: () => void): void {
    this.#client.on('end', listener);
  }

  /** Runs one statement; more than one is refused by Postgres (42601). @throws DatabaseError */
  async run(statement: Pick<Statement, 'text' | 'values'>): Promise<TextResult> {
    const query: ExtendedQuery = {
      text: statement.text,
      values: [...statement.values],
      rowMode: 'array',
      queryMode: 'extended',
      types: AS_TEXT,
    };
    const result = await this.#client.query<(string | null)[]>(query);
    // An empty statement has no command.
    return { ...result, command: result.command ?? '' };
  }

  /**
   * Waits for the work; once the signal aborts, asks Postgres to cancel what runs, again and again: the first
   * time may come before the statement has started, and a function may catch it.
   */
  async cancellable<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const cancel = (): void => {
      this.#sendCancel();
      timer = setInterval(() => this.#sendCancel(), CANCEL_INTERVAL_MILLISECONDS);
    };
    if (signal.aborted) cancel();
    signal.addEventListener('abort', cancel);
    try {
      return await work;
    } finally {
      signal.removeEventListener('abort', cancel);
      clearInterval(timer);
    }
  }

  /**
   * Ends what a request left open and forgets all its settings, temporary tables, prepared statements, locks
   * and subscriptions. @throws when the session is not fit for another request
   */
  async reset(): Promise<void> {
    if (this.#client.getTransactionStatus() !== 'I') await this.#client.query('ROLLBACK');
    await this.#client.query(FORGET_STATE);
  }

  /** Cuts the connection; Postgres rolls back what is not committed. */
  close(): void {
    this.#client.end().catch(() => undefined);
  }

  /** CancelRequest: https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS */
  #sendCancel(): void {
    if (!this.#cancelKey) throw new GatewayError(500, 'Postgres gave no key to cancel queries with');
    const request = Buffer.alloc(16);
    request.writeInt32BE(16, 0);
    request.writeInt32BE(80_877_102, 4);
    request.writeInt32BE(this.#cancelKey.processID, 8);
    request.writeInt32BE(this.#cancelKey.secretKey, 12);
    const socket = connect(this.target.port, this.target.host, () => socket.end(request));
    socket.on('error', () => undefined).resume();
  }
}
