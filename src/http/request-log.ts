import type { MiddlewareHandler } from 'hono';
import { routePath } from 'hono/route';
import { createLog } from '../core/log.ts';
import type { Usage } from '../core/usage.ts';
import type { Deps } from '../deps.ts';
import type { AppContext, AppEnv } from './context.ts';
import { countAnswer } from './count-answer.ts';

/**
 * Names the request, times it, tells in `Server-Timing` what it asked of others, writes its one log line, and counts it.
 * @param flush writes down what the isolate has counted, now and then
 */
export function requestLog(flush: (deps: Deps) => Promise<void>): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const started = performance.now();
    const requestId = `req_${crypto.randomUUID().replaceAll('-', '')}`;
    c.set('requestId', requestId);
    await next();
    const duration = performance.now() - started;
    const { deps, user, cacheLayer: layer, code, isUntimed } = c.var as Partial<AppEnv['Variables']>;
    const { database, stripe, passwords } = deps?.usage ?? noUsages;
    const { method } = c.req;
    const { status } = c.res;
    const route = patternOf(c);
    c.res.headers.set('X-Request-Id', requestId);
    c.res.headers.set(
      'Server-Timing',
      serverTiming({ database, stripe, layer, duration }, isUntimed === true),
    );
    createLog().info('request', {
      request_id: requestId,
      method,
      route,
      status,
      code,
      duration_ms: Math.round(duration),
      db_calls: database.calls,
      db_ms: Math.round(database.milliseconds),
      stripe_calls: stripe.calls,
      stripe_ms: Math.round(stripe.milliseconds),
      cache: layer,
      hashes: passwords.calls,
      actor: user?.role ?? 'anonymous',
    });
    if (deps !== undefined) {
      countAnswer(deps, { method, route, status, seconds: duration / 1000, layer, code }, flush);
    }
  };
}

const everyPath = '/*';

/** The route that the request is for, whoever refused it before; the one that answered where middleware comes behind it. */
function patternOf(c: AppContext): string {
  const last = routePath(c, -1);
  return last === everyPath ? routePath(c) : last;
}

interface Timing {
  readonly database: Spent;
  readonly stripe: Spent;
  readonly layer: string | undefined;
  readonly duration: number;
}

type Spent = Pick<Usage, 'calls' | 'milliseconds'>;

/** How long something took is left out where it would help who tries passwords out: the network blurs it, this would not. */
function serverTiming({ database, stripe, layer, duration }: Timing, isUntimed: boolean): string {
  const time = (milliseconds: number) => (isUntimed ? '' : `;dur=${milliseconds.toFixed(1)}`);
  return [
    `db;desc="n=${database.calls}"${time(database.milliseconds)}`,
    ...(stripe.calls > 0 ? [`stripe;desc="n=${stripe.calls}"${time(stripe.milliseconds)}`] : []),
    ...(layer === undefined ? [] : [`cache;desc="${layer}"`]),
    ...(isUntimed ? [] : [`total${time(duration)}`]),
  ].join(', ');
}

const noUsage = { calls: 0, milliseconds: 0 };
const noUsages = { database: noUsage, stripe: noUsage, passwords: noUsage };
