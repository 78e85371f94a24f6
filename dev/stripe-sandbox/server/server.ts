import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { failureAnswer, type Api } from './api.ts';
import { customerOf, inTimeOf } from '../state/clock.ts';
import type { Context } from '../state/context.ts';
import { newId } from '../state/ids.ts';
import { catchUp } from '../time/pass.ts';
import { StripeFailure } from '../api/errors.ts';
import { notice, type PageAnswer, type PageRoute } from '../pages/page.ts';
import { findRoute } from '../api/routes.ts';

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

/** Ends the server and all its connections. */
export async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
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
  const url = addressOf(request.url ?? '/');
  if (!url) return write(response, 400, { 'content-type': 'text/plain' }, 'That is no address.');
  const isApi = url.pathname.startsWith('/v1/') || url.pathname.startsWith('/v2/');
  const body = await bodyOf(request);
  if (body === undefined) return refuseLength(response, isApi);
  catchUp(handlers.context);
  if (isApi) {
    answerApi(handlers, request, response, url, body);
  } else {
    await answerPage(handlers, request, response, url, body);
  }
}

/** What a request's first line asks for: a path or, by a proxy, a whole address; null for anything else. */
function addressOf(target: string): URL | null {
  return URL.parse(target.startsWith('/') ? `http://127.0.0.1${target}` : target);
}

function answerApi(
  { api, log }: Handlers,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  body: string,
): void {
  const { method = 'GET', headers } = request;
  const form = [url.search.slice(1), method === 'GET' ? '' : body].filter((part) => part !== '').join('&');
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
  const { method = 'GET', headers } = request;
  // Node.js leaves the body of an answer to HEAD out.
  const found = findRoute(pages, method === 'HEAD' ? 'GET' : method, url.pathname);
  const wantsHtml = headers.accept?.includes('text/html') ?? false;
  const fields = method === 'POST' ? fieldsOf(body, headers['content-type']) : url.searchParams;
  let result: PageAnswer;
  if (!found) result = refusal(wantsHtml, 404, 'There is no such page.');
  else if (found.route.method !== 'GET' && isOfAnotherSite(headers))
    result = refusal(wantsHtml, 403, 'A page of another site must not act here.');
  else if (!fields) result = refusal(wantsHtml, 400, 'The body is no JSON object.');
  else
    result = await found.route.handle({
      context: inTimeOf(context, customerOf(context.store, found.id)),
      id: found.id,
      fields,
      wantsHtml,
    });
  writePage(response, result);
  log(`${method} ${url.pathname} ${result.status}`);
}

/** Why there is no page, for a person or for a program. */
function refusal(wantsHtml: boolean, status: number, error: string): PageAnswer {
  return wantsHtml ? notice(status, 'That did not work', error) : { status, json: { error } };
}

/** Whether a browser says that the form stands on a page that is not ours. Programs say nothing of it. */
function isOfAnotherSite({ host, origin, 'sec-fetch-site': site }: IncomingHttpHeaders): boolean {
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  return origin !== undefined && origin !== `http://${host}`;
}

/** The fields of a form, or the members of a JSON object as text; undefined when the JSON is none. */
function fieldsOf(body: string, mediaType = ''): URLSearchParams | undefined {
  if (!mediaType.startsWith('application/json')) return new URLSearchParams(body);
  try {
    const value: unknown = JSON.parse(body);
    if (typeof value !== 'object' || value === null) return undefined;
    return new URLSearchParams(Object.entries(value).map(([name, member]) => [name, String(member)]));
  } catch {
    return undefined;
  }
}

/** No script, frame or picture, whatever a name or an address holds; nobody frames the buttons. */
const PAGE_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'",
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
};

function writePage(response: ServerResponse, answer: PageAnswer): void {
  const writeAs = (type: string, body: string): void =>
    write(response, answer.status, { ...PAGE_HEADERS, 'content-type': type }, body);
  if ('html' in answer) writeAs('text/html; charset=utf-8', answer.html.text);
  else if ('json' in answer) writeAs('application/json', JSON.stringify(answer.json, null, 2));
  else write(response, 303, { ...PAGE_HEADERS, location: headerText(answer.location) }, '');
}

/** An address as a header takes it: a merchant's may hold any letter, and must not begin another header. */
function headerText(address: string): string {
  return address.toWellFormed().replaceAll(/[^\x21-\x7e]/gu, encodeURIComponent);
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

/** The body; undefined when it is too long. It is read to its end, so that the client gets to the answer. */
async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const piece: Buffer = Buffer.from(chunk);
    bytes += piece.length;
    if (bytes <= BODY_BYTES_AT_MOST) chunks.push(piece);
  }
  return bytes > BODY_BYTES_AT_MOST ? undefined : Buffer.concat(chunks).toString('utf8');
}

function refuseLength(response: ServerResponse, isApi: boolean): void {
  const message = `The request's body has more than ${BODY_BYTES_AT_MOST} bytes.`;
  const answer = failureAnswer(
    newId('req_'),
    new StripeFailure(413, { type: 'invalid_request_error', message }),
  );
  if (isApi) write(response, answer.status, answer.headers, answer.body);
  else write(response, 413, { 'content-type': 'text/plain' }, message);
}
