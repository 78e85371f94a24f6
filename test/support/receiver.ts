import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

/** A request, as a receiver of events gets it. */
export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** To the byte: signatures are of it. */
  readonly body: string;
}

export type ReceiverAnswer =
  /** This status, with no body. */
  | number
  | { readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  /** Never, until the receiver stops or the client goes. */
  | 'hang'
  /** The connection is reset. */
  | 'drop'
  /** 204 once the promise settles. */
  | { readonly delayUntil: Promise<unknown> };

export type ReceiverRule = (request: ReceivedRequest) => ReceiverAnswer;

/** Somebody who wants to be told: an HTTP server on 127.0.0.1 that keeps what it is sent. */
export interface Receiver {
  /** Endpoints are at this or at paths below it: `${url}/one`. */
  readonly url: string;
  /** What came, the oldest first; of one path, or all. */
  requests(path?: string): readonly ReceivedRequest[];
  /** What the requests to come meet; 204 when it is undefined, as in the beginning. */
  setAnswer(rule: ReceiverRule | undefined): void;
  stop(): Promise<void>;
}

/** A rule: the first request meets the first answer, and so on; those after the last one meet that. */
export function inTurn(...answers: readonly [ReceiverAnswer, ...ReceiverAnswer[]]): ReceiverRule {
  let count = 0;
  return () => {
    const answer = answers[Math.min(count, answers.length - 1)] ?? answers[0];
    count += 1;
    return answer;
  };
}

export async function startReceiver(): Promise<Receiver> {
  const received: ReceivedRequest[] = [];
  let rule: ReceiverRule | undefined;
  const server = createServer((request, response) => {
    readRequest(request)
      .then(async (content) => {
        received.push(content);
        await meet(response, rule?.(content) ?? 204);
      })
      .catch(() => response.destroy());
  });
  // Idle connections stay: a client that reuses one just as it closes would see a reset that nobody asked for.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}`,
    requests: (path) => received.filter((request) => path === undefined || request.path === path),
    setAnswer: (next) => {
      rule = next;
    },
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function readRequest(request: IncomingMessage): Promise<ReceivedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    headers: Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, [value].flat().join(', ')]),
    ),
    body: Buffer.concat(chunks).toString('utf8'),
  };
}

async function meet(response: ServerResponse, how: ReceiverAnswer): Promise<void> {
  if (how === 'hang') return;
  if (how === 'drop') {
    response.socket?.resetAndDestroy();
  } else if (typeof how === 'number') {
    response.writeHead(how).end();
  } else if ('delayUntil' in how) {
    await how.delayUntil;
    response.writeHead(204).end();
  } else {
    response.writeHead(how.status, how.headers).end(how.body);
  }
}
