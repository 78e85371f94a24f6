import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { z } from 'zod';
import { issuerAlgorithms, type IssuerAlgorithm } from '../../src/core/outside-issuers.ts';
import type { IssuerFault } from './faults.ts';
import { newKeys, publicJwk, signatureOf, type IssuerKey, type IssuerKeys } from './keys.ts';

export interface DevIssuerOptions {
  /** What its tokens say in `iss`. */
  readonly issuer?: string;
  /** What its tokens say in `aud`. */
  readonly audience?: string;
}

/** Whom a token is made for. */
export interface TokenRequest {
  readonly subject: string;
  readonly algorithm?: IssuerAlgorithm | undefined;
  readonly seconds?: number | undefined;
  /** Beside those that every token has, and over them. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
}

/** An issuer as there are many elsewhere: it signs tokens, and publishes the keys. */
export interface DevIssuer {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUrl: string;
  /** `POST {"subject", "claims"?, "algorithm"?, "seconds"?}` makes a token for anybody: this issuer is for trying things out. */
  readonly tokenUrl: string;
  /** Requests for the keys so far, whatever became of them. */
  readonly requestCount: number;
  /** The entry of OUTSIDE_ISSUERS that takes its tokens. */
  readonly entry: Readonly<Record<string, unknown>>;
  key(algorithm: IssuerAlgorithm): IssuerKey;
  token(request: TokenRequest): string;
  /** New keys; `withdraws`: those of before are not published any more. */
  rotate(options?: { readonly withdraws: boolean }): Promise<void>;
  /** What requests for the keys meet from now on. */
  setFault(fault: IssuerFault): void;
  stop(): Promise<void>;
}

const loopbackHost = /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])(:\d+)?$/;
const json = { 'Content-Type': 'application/json' };
const trickleMilliseconds = 50;

const tokenRequest = z.strictObject({
  subject: z.string().min(1),
  algorithm: z.enum(issuerAlgorithms).optional(),
  seconds: z.number().optional(),
  claims: z.record(z.string(), z.unknown()).optional(),
});

class IssuerServer {
  readonly #options: Required<DevIssuerOptions>;
  keys: IssuerKeys;
  published: readonly IssuerKey[];
  fault: IssuerFault = 'none';
  requestCount = 0;

  constructor(options: Required<DevIssuerOptions>, keys: IssuerKeys) {
    this.#options = options;
    this.keys = keys;
    this.published = Object.values(keys);
  }

  token({ subject, algorithm = 'RS256', seconds = 3600, claims = {} }: TokenRequest): string {
    const key = this.keys[algorithm];
    const iat = Math.floor(Date.now() / 1000);
    const { issuer: iss, audience: aud } = this.#options;
    const all = { iss, aud, sub: subject, jti: randomUUID(), iat, exp: iat + seconds, ...claims };
    const signed = `${encode({ alg: algorithm, typ: 'JWT', kid: key.kid })}.${encode(all)}`;
    return `${signed}.${signatureOf(key, signed)}`;
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // A page of a foreign site whose name was rebound to this machine still sends that name.
    if (!loopbackHost.test(request.headers.host ?? '')) return end(response, 404, {});
    const route = `${request.method ?? ''} ${request.url ?? ''}`;
    if (route === 'GET /jwks.json') return this.#tellKeys(request, response);
    if (route !== 'POST /token') return end(response, 404, {});
    const asked = tokenRequest.safeParse(parseJson(await readBody(request)));
    if (!asked.success) return end(response, 400, { error: z.prettifyError(asked.error) });
    end(response, 200, { access_token: this.token(asked.data), token_type: 'Bearer' });
  }

  #tellKeys(request: IncomingMessage, response: ServerResponse): void {
    this.requestCount += 1;
    const keys = this.published.map(publicJwk);
    const { fault } = this;
    if (typeof fault === 'object') return end(response, fault.status, { error: 'server_error' });
    switch (fault) {
      case 'none':
        return end(response, 200, { keys });
      case 'reset':
        request.socket.resetAndDestroy();
        return undefined;
      case 'hang':
        return undefined;
      case 'trickle':
        return trickle(response);
      case 'garbage':
        response.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>Sign in</title>');
        return undefined;
      case 'no-keys':
        return end(response, 200, { keys: 'none', others: keys });
      case 'huge':
        return end(response, 200, { keys: Array.from({ length: 2000 }, () => keys).flat() });
      case 'redirect':
        response.writeHead(302, { Location: '/jwks.json' }).end();
        return undefined;
      default:
        return fault satisfies never;
    }
  }
}

function trickle(response: ServerResponse): void {
  response.writeHead(200, json);
  const timer = setInterval(() => response.write(' '), trickleMilliseconds);
  response.on('close', () => clearInterval(timer));
}

function end(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, json).end(JSON.stringify(body));
}

function encode(part: unknown): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Starts an issuer on 127.0.0.1, on a free port. Its name stays the same from run to run, its keys do not. */
export async function startIssuer({
  issuer = 'http://issuer.localhost',
  audience = 'ratecard',
}: DevIssuerOptions = {}): Promise<DevIssuer> {
  const state = new IssuerServer({ issuer, audience }, await newKeys());
  const server = createServer((request, response) => {
    state.handle(request, response).catch(() => response.destroy());
  });
  // Idle connections stay: a client that reuses one just as it closes would see a reset that nobody asked for.
  server.keepAliveTimeout = 0;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  const jwksUrl = `${url}/jwks.json`;
  return {
    issuer,
    audience,
    jwksUrl,
    tokenUrl: `${url}/token`,
    get requestCount() {
      return state.requestCount;
    },
    entry: { issuer, audience, jwks_url: jwksUrl },
    key: (algorithm) => state.keys[algorithm],
    token: (request) => state.token(request),
    rotate: async ({ withdraws } = { withdraws: true }) => {
      state.keys = await newKeys();
      state.published = [...Object.values(state.keys), ...(withdraws ? [] : state.published)];
    },
    setFault: (fault) => {
      state.fault = fault;
    },
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
