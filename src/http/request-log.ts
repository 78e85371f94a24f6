import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import { createLog } from '../core/log.ts';
import type { AppEnv } from './context.ts';

/** Names the request, times it, tells in `Server-Timing` what it asked of others, and writes its one log line. */
export const requestLog: MiddlewareHandler<AppEnv> = async (c, next) => {
  const started = performance.now();
  const requestId = `req_${crypto.randomUUID().replaceAll('-', '')}`;
  c.set('requestId', requestId);
  await next();
  const duration = performance.now() - started;
  const deps = c.get('deps') as AppEnv['Variables']['deps'] | undefined;
  const user = c.get('user') as AppEnv['Variables']['user'] | undefined;
  const layer = c.get('cacheLayer') as string | undefined;
  const { database, stripe, passwords } = deps?.usage ?? noUsages;
  c.res.headers.set('X-Request-Id', requestId);
  c.res.headers.set(
    'Server-Timing',
    [
      `db;desc="n=${database.calls}";dur=${database.milliseconds.toFixed(1)}`,
      ...(stripe.calls > 0 ? [`stripe;desc="n=${stripe.calls}";dur=${stripe.milliseconds.toFixed(1)}`] : []),
      ...(layer === undefined ? [] : [`cache;desc="${layer}"`]),
      `total;dur=${duration.toFixed(1)}`,
    ].join(', '),
  );
  createLog().info('request', {
    request_id: requestId,
    method: c.req.method,
    route: routePath(c, -1),
    status: c.res.status,
    duration_ms: Math.round(duration),
    db_calls: database.calls,
    stripe_calls: stripe.calls,
    hashes: passwords.calls,
    actor: user?.role ?? 'anonymous',
  });
};

const noUsage = { calls: 0, milliseconds: 0 };
const noUsages = { database: noUsage, stripe: noUsage, passwords: noUsage };
