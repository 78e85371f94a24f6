import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Api } from './api/api.ts';
import { customerOf, inTimeOf } from './state/clock.ts';
import type { Context } from './state/context.ts';
import { catchUp } from './time/pass.ts';
import { StripeFailure } from './api/errors.ts';
import type { Html } from './pages/html.ts';
import type { PageAnswer, PageRoute } from './pages/page.ts';
import { findRoute } from './api/routes.ts';

const BODY_BYTES_AT_MOST = 1_000_000;

/** What answers requests. A promise to the server, because its making needs the server's port. */
export interface Handlers {
  readonly api: Api;
  readonly pages: readonly PageRoute[];
  /** The context of what a person does on a page. */
  readonly context: Context;
  readonly log: (line: string) => void;
}

/** Listens on 127.0.0.1; port 0 takes a free one. */
export async function listen(
  port: number,
  handlers: Promise<Handlers>,
): Promise<{ server: Server; port: number }> {
  const server = createServer((request, response) => {
    respond(handlers, request, response).catch((error: unknown) => {
      const status = error instanceof StripeFailure ? error.status : 500;
      if (!response.headersSent) write(response, status, { 'content-type': 'text/plain' }, String(error));
      else response.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return { server, port: portOf(server.address()) };
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('The sandbox does not listen on TCP.');
  return address.port;
}

async function respond(
  ready: Promise<Handlers>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const handlers = await ready;
  const url = new URL(request.url ?? '/', 'http://127.0.0.1');
  const body = await bodyOf(request);
  catchUp(handlers.context);
  if (url.pathname.startsWith('/v1/') || url.pathname.startsWith('/v2/')) {
    answerApi(handlers, request, response, url, body);
  } else {
    await answerPage(handlers, request, response, url, body);
  }
}

function answerApi(
  { api, log }: Handlers,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  body: string,
): void {
  const { method = 'GET', headers } = request;
  const form = method === 'POST' ? body : url.search.slice(1);
  const outcome = api.handle({ method, path: url.pathname, form, headers });
  if (outcome.kind === 'hang') response.once('close', outcome.givenUp);
  else if (outcome.kind === 'reset') request.socket.resetAndDestroy();
  else write(response, outcome.answer.status, outcome.answer.headers, outcome.answer.body);
  log(`${method} ${url.pathname} ${outcome.kind === 'answer' ? outcome.answer.status : outcome.kind}`);
}

async function answerPage(
  { pages, context, log }: Handlers,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  body: string,
): Promise<void> {
  const { method = 'GET' } = request;
  const found = findRoute(pages, method, url.pathname);
  const result: PageAnswer = found
    ? await found.route.handle({
        context: inTimeOf(context, customerOf(context.store, found.id)),
        id: found.id,
        fields: new URLSearchParams(method === 'POST' ? body : url.search),
        wantsHtml: request.headers.accept?.includes('text/html') ?? false,
      })
    : { status: 404, json: { error: 'There is no such page.' } };
  writePage(response, result);
  log(`${method} ${url.pathname} ${result.status}`);
}

function writePage(response: ServerResponse, answer: PageAnswer): void {
  if ('html' in answer) writeHtml(response, answer.status, answer.html);
  else if ('location' in answer) write(response, 303, { location: answer.location }, '');
  else
    write(
      response,
      answer.status,
      { 'content-type': 'application/json' },
      JSON.stringify(answer.json, null, 2),
    );
}

function writeHtml(response: ServerResponse, status: number, page: Html): void {
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'",
  };
  write(response, status, headers, page.text);
}

function write(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
  response.end(body);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const piece: Buffer = Buffer.from(chunk);
    bytes += piece.length;
    if (bytes > BODY_BYTES_AT_MOST) {
      throw new StripeFailure(413, { type: 'invalid_request_error', message: 'Request body too large.' });
    }
    chunks.push(piece);
  }
  return Buffer.concat(chunks).toString('utf8');
}
