import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { errorBody, GatewayError, statusOf } from './errors.ts';
import { execute } from './execute.ts';
import type { Fault, FaultAction } from './faults.ts';
import { SessionPool } from './pool.ts';
import { batchHeaders, parseSqlRequest, type SqlRequest } from './protocol.ts';
import { parseTarget, type Target } from './target.ts';

export interface GatewayOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  readonly fault?: Fault;
  /** Connections to Postgres at one time (default 40); further requests wait in line. */
  readonly maxConnections?: number;
  /** Default 64 MiB, as documented by Neon (https://neon.com/docs/serverless/serverless-driver). */
  readonly maxRequestBytes?: number;
  readonly maxResponseBytes?: number;
}

export interface NeonGateway {
  /** `http://127.0.0.1:port/sql`: the driver's `neonConfig.fetchEndpoint`. */
  readonly url: string;
  readonly port: number;
  /** Requests received so far, whatever became of them. */
  readonly requestCount: number;
  /** Installs a fault for the requests to come, or removes it. */
  setFault(fault: Fault | undefined): void;
  /** Cuts all connections on both sides. */
  stop(): Promise<void>;
}

const MEBIBYTE = 1024 * 1024;
const IDLE_SESSION_MILLISECONDS = 10_000;
/** Neon's path, and the address alone, for those who are told no more than that. */
const ENDPOINTS: readonly string[] = ['/sql', '/'];
const LOOPBACK_HOST = /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])(:\d+)?$/;

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Reads all of the body, also of one that is too large, as a client still sending would miss the answer. */
async function readBody(request: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    if (!Buffer.isBuffer(chunk)) continue;
    bytes += chunk.length;
    if (bytes <= maxBytes) chunks.push(chunk);
  }
  if (bytes > maxBytes) {
    throw new GatewayError(413, `request is too large (max is ${maxBytes} bytes)`);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** Aborts when the connection closes before the answer is out. */
function abandonment(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new GatewayError(400, 'the client went away'));
  });
  return controller.signal;
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

class Gateway {
  readonly #pool: SessionPool;
  readonly #maxRequestBytes: number;
  readonly #maxResponseBytes: number;
  fault: Fault | undefined;
  requestCount = 0;

  constructor(options: GatewayOptions) {
    this.#pool = new SessionPool(options.maxConnections ?? 40, IDLE_SESSION_MILLISECONDS);
    this.#maxRequestBytes = options.maxRequestBytes ?? 64 * MEBIBYTE;
    this.#maxResponseBytes = options.maxResponseBytes ?? 64 * MEBIBYTE;
    this.fault = options.fault;
  }

  /** Answers one HTTP request; never rejects. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const signal = abandonment(response);
    let answer: Answer | 'reset';
    try {
      answer = await this.#answer(request, signal);
    } catch (error) {
      const headers = { 'content-type': 'application/json' };
      answer = { status: statusOf(error), headers, body: JSON.stringify(errorBody(error)) };
    }
    if (answer === 'reset') request.socket.resetAndDestroy();
    else if (!signal.aborted) response.writeHead(answer.status, answer.headers).end(answer.body);
  }

  close(): void {
    this.#pool.close();
  }

  async #answer(request: IncomingMessage, signal: AbortSignal): Promise<Answer | 'reset'> {
    // A page of a foreign site whose name was rebound to this machine still sends that name.
    if (
      request.method !== 'POST' ||
      !ENDPOINTS.includes(request.url ?? '') ||
      !LOOPBACK_HOST.test(request.headers.host ?? '')
    ) {
      throw new GatewayError(400, 'query is not supported');
    }
    this.requestCount += 1;
    const sequence = this.requestCount;
    const body = await readBody(request, this.#maxRequestBytes);
    const connectionString = request.headers['neon-connection-string'];
    const target = parseTarget(typeof connectionString === 'string' ? connectionString : undefined);
    const sqlRequest = parseSqlRequest(request.headers, body);
    const queries = sqlRequest.statements.map((statement) => statement.text);
    const values = sqlRequest.statements.map((statement) => statement.values);
    const action = this.fault?.({ queries, values, sequence }) ?? 'none';
    return await this.#serve(target, sqlRequest, action, signal);
  }

  async #serve(
    target: Target,
    request: SqlRequest,
    action: FaultAction,
    signal: AbortSignal,
  ): Promise<Answer | 'reset'> {
    if (action === 'refuse') return 'reset';
    if (action === 'error') throw new GatewayError(503, 'Control plane request failed');
    if (action === 'hang') await untilAborted(signal);
    if (typeof action === 'object') {
      await Promise.race([Promise.allSettled([action.delayUntil]), untilAborted(signal)]);
    }
    const body = await this.#run(target, request, action === 'rollback', signal);
    if (action === 'lose-answer') return 'reset';
    return {
      status: 200,
      headers: { 'content-type': 'application/json', ...batchHeaders(request.batch) },
      body,
    };
  }

  async #run(
    target: Target,
    request: SqlRequest,
    loseConnectionBeforeCommit: boolean,
    signal: AbortSignal,
  ): Promise<string> {
    const session = await this.#pool.take(target, signal);
    try {
      return await execute(session, request, {
        signal,
        maxResponseBytes: this.#maxResponseBytes,
        loseConnectionBeforeCommit,
      });
    } finally {
      // A request to cancel may still be under way: it must not hit the next request's statement.
      if (signal.aborted || loseConnectionBeforeCommit) this.#pool.drop(session);
      else await this.#pool.giveBack(session);
    }
  }
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('The gateway has no port'));
      else resolve(address.port);
    });
  });
}

/**
 * Starts a gateway that speaks Neon's SQL over HTTP in front of any Postgres on this machine; the connection
 * string of each request says which. It listens on 127.0.0.1 only.
 */
export async function startGateway(options: GatewayOptions = {}): Promise<NeonGateway> {
  const gateway = new Gateway(options);
  const server = createServer((request, response) => void gateway.handle(request, response));
  // Idle connections stay: a client that reuses one just as it closes would see a reset that Neon never sent.
  server.keepAliveTimeout = 0;
  const port = await listen(server, options.port ?? 0);
  return {
    url: `http://127.0.0.1:${port}/sql`,
    port,
    get requestCount() {
      return gateway.requestCount;
    },
    setFault(fault) {
      gateway.fault = fault;
    },
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      gateway.close();
      await closed;
    },
  };
}
