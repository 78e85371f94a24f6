import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { cors } from 'hono/cors';
import type { AppEnv } from './context.ts';
import { problem } from './problem.ts';

const bodyBytes = 64 * 1024;
/** Stripe's largest events, long invoices, stay below. */
const webhookBytes = 1024 * 1024;

/** As much of a body that is too large is read, so that the client, still sending, gets to see the answer. */
const drainedBytes = 32 * 1024 * 1024;

const limitTo = (maxSize: number): MiddlewareHandler<AppEnv> =>
  bodyLimit({
    maxSize,
    onError: async (c) => {
      await drain(c.req.raw.body);
      return problem(c, {
        status: 413,
        code: 'body_too_large',
        detail: `The body may have ${maxSize} bytes at most.`,
      });
    },
  });

async function drain(body: ReadableStream<Uint8Array> | null): Promise<void> {
  if (body === null || body.locked) return;
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > drainedBytes) return;
  }
}

const limitBody = limitTo(bodyBytes);
const limitWebhook = limitTo(webhookBytes);

export function limitBodies(webhookPath: string): MiddlewareHandler<AppEnv> {
  return (c, next) => (c.req.path === webhookPath ? limitWebhook(c, next) : limitBody(c, next));
}

/**
 * Pages of the configured origins may call the API with a token of their own; no cookie is ever let through. A
 * preflight is answered here; an OPTIONS request that is none goes on to the guard like any other.
 */
export const crossOrigin: MiddlewareHandler<AppEnv> = (c, next) => {
  const isPreflight =
    c.req.header('Origin') !== undefined && c.req.header('Access-Control-Request-Method') !== undefined;
  if (c.req.method === 'OPTIONS' && !isPreflight) return next();
  return cors({
    origin: [...c.get('config').corsOrigins],
    allowMethods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowHeaders: ['Authorization', 'Content-Type', 'Idempotency-Key', 'If-Match', 'If-None-Match'],
    exposeHeaders: [
      'Age',
      'ETag',
      'Idempotent-Replayed',
      'Location',
      'Retry-After',
      'Server-Timing',
      'X-Request-Id',
    ],
    maxAge: 600,
  })(c, next);
};
