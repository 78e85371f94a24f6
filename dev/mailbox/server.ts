import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { MailboxFaultRule } from './faults.ts';
import { mailboxPage } from './page.ts';
import { MailProvider, refusal, type Answer, type ReceivedMail } from './provider.ts';

export interface Mailbox {
  /** For people: a page of the mails. */
  readonly pageUrl: string;
  /** For MAIL_API_URL. */
  readonly apiUrl: string;
  /** For MAIL_API_KEY. */
  readonly apiKey: string;
  /** Requests to send that were received so far, whatever became of them. */
  readonly requestCount: number;
  /** What was sent, the oldest first. */
  mails(): readonly ReceivedMail[];
  /** Installs a fault for the requests to come, or removes it. */
  setFault(rule: MailboxFaultRule | undefined): void;
  stop(): Promise<void>;
}

const loopbackHost = /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])(:\d+)?$/;
/** As for the pages of the Worker: the mails on it are anybody's text. */
const pageHeaders = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'",
};

class MailboxServer {
  readonly provider: MailProvider;
  fault: MailboxFaultRule | undefined;
  requestCount = 0;

  constructor(apiKey: string) {
    this.provider = new MailProvider(apiKey);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A page of a foreign site whose name was rebound to this machine still sends that name.
    if (!loopbackHost.test(request.headers.host ?? '')) return answer(response, notFound);
    const route = `${request.method ?? ''} ${request.url ?? ''}`;
    if (route === 'POST /emails') return this.#send(request, response);
    if (route === 'GET /_mailbox/mails') {
      return answer(response, { status: 200, body: { mails: this.provider.mails() } });
    }
    if (route === 'GET /_mailbox') {
      const page = await mailboxPage(this.provider.mails());
      response.writeHead(200, pageHeaders).end(page);
      return;
    }
    answer(response, notFound);
  }

  async #send(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.requestCount += 1;
    const header = request.headers['idempotency-key'];
    const id = typeof header === 'string' ? header : undefined;
    const fault = this.fault?.({ id, sequence: this.requestCount }) ?? 'none';
    const body = await readBody(request);
    if (fault === 'hang') return;
    if (typeof fault === 'object') return answer(response, failure(fault.status));
    const { authorization } = request.headers;
    const answered = this.provider.submit({ authorization, id, body });
    if (fault === 'lose-answer') request.socket.resetAndDestroy();
    else answer(response, answered);
  }
}

const notFound = refusal(404, 'not_found', 'There is nothing here');

function failure(status: number): Answer {
  return status === 429
    ? refusal(429, 'rate_limit_exceeded', 'Too many requests')
    : refusal(status, 'application_error', 'An unexpected error occurred');
}

function answer(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

/** Starts a mail provider that delivers to a page on this machine. It listens on 127.0.0.1 only, on a free port. */
export async function startMailbox(): Promise<Mailbox> {
  const apiKey = `re_${randomUUID().replaceAll('-', '')}`;
  const mailbox = new MailboxServer(apiKey);
  const server = createServer((request, response) => {
    mailbox.handle(request, response).catch(() => response.destroy());
  });
  // Idle connections stay: a client that reuses one just as it closes would see a reset that nobody asked for.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  return {
    pageUrl: `${url}/_mailbox`,
    apiUrl: `${url}/emails`,
    apiKey,
    get requestCount() {
      return mailbox.requestCount;
    },
    mails: () => mailbox.provider.mails(),
    setFault: (rule) => {
      mailbox.fault = rule;
    },
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
