import type { MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import type { RequestDeps } from '../deps.ts';
import type { Config } from '../env.ts';
import { isRead, type AppContext, type AppEnv } from './context.ts';
import { problem } from './problem.ts';

const tooLarge = 'body_too_large';
const bodyBytes = 64 * 1024;
/** Stripe's largest events, long invoices, stay below. */
const eventBytes = 1024 * 1024;

/** As much of a body that is too large is read, so that the client, still sending, gets to see the answer. */
const drainedBytes = 32 * 1024 * 1024;

/**
 * Refuses a body that is too large. One that does not say how long it is, is read here: only who reads it to its end can
 * answer a client that is still sending.
 */
function limitTo(maxSize: number, onRefused?: (c: AppContext) => void): MiddlewareHandler<AppEnv> {
  const refuse = (c: AppContext) => {
    onRefused?.(c);
    return problem(c, {
      status: 413,
      code: tooLarge,
      detail: `The body may have ${maxSize} bytes at most.`,
    });
  };
  return async (c, next) => {
    const { body } = c.req.raw;
    if (body === null) return next();
    const length =
      c.req.header('Transfer-Encoding') === undefined ? c.req.header('Content-Length') : undefined;
    if (length !== undefined && Number(length) <= maxSize) return next();
    const content = await readUpTo(body, length === undefined ? maxSize : 0);
    if (content === undefined) return refuse(c);
    // Nobody looks at the body of a request that may have none.
    if (!isRead(c)) c.req.raw = new Request(c.req.raw, { method: c.req.method, body: content });
    await next();
  };
}

/** The content of a body, which is read to its end all the same when it is more than that; then it is undefined. */
async function readUpTo(body: ReadableStream<Uint8Array>, maxSize: number): Promise<Blob | undefined> {
  let chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size <= maxSize) chunks.push(chunk);
    else chunks = [];
    if (size > drainedBytes) break;
  }
  return size > maxSize ? undefined : new Blob(chunks);
}

/** Where whole events of Stripe's come: `delivered` by Stripe, or `brought` by an admin. */
interface EventPaths {
  readonly delivered: string;
  readonly brought: string;
}

/** `count` is told of deliveries that are too large: the webhook's own route never sees them. */
export function limitBodies(
  { delivered, brought }: EventPaths,
  count: (deps: RequestDeps, code: string) => void,
): MiddlewareHandler<AppEnv> {
  const limitBody = limitTo(bodyBytes);
  const limitDelivered = limitTo(eventBytes, (c) => count(c.get('deps'), tooLarge));
  const limits = new Map([
    [delivered, limitDelivered],
    [brought, limitTo(eventBytes)],
  ]);
  return (c, next) => (limits.get(c.req.path) ?? limitBody)(c, next);
}

/**
 * Pages of the configured origins may call the API with a token of their own; no cookie is ever let through. A
 * preflight is answered here; an OPTIONS request that is none goes on to the guard like any other.
 */
export const crossOrigin: MiddlewareHandler<AppEnv> = async (c, next) => {
  const config = c.get('config');
  if (c.req.header('Origin') === undefined) {
    await next();
    if (config.corsOrigins.length > 0) c.res.headers.append('Vary', 'Origin');
    return undefined;
  }
  const isPreflight = c.req.header('Access-Control-Request-Method') !== undefined;
  return c.req.method === 'OPTIONS' && !isPreflight ? next() : answerOrigins(config)(c, next);
};

const answerers = new WeakMap<Config, MiddlewareHandler>();

function answerOrigins(config: Config): MiddlewareHandler {
  const present = answerers.get(config);
  if (present !== undefined) return present;
  const made = cors({
    origin: [...config.corsOrigins],
    allowMethods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'If-Match', 'If-None-Match'],
    exposeHeaders: [
      'Age',
      'ETag',
      'Idempotent-Replayed',
      'Location',
      'RateLimit',
      'RateLimit-Policy',
      'Retry-After',
      'Server-Timing',
      'X-Request-Id',
    ],
    maxAge: 600,
  });
  answerers.set(config, made);
  return made;
}
