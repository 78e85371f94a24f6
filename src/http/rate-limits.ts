import type { MiddlewareHandler } from 'hono';
import type { CountedLimit, Limit } from '../core/limit.ts';
import { DomainError } from '../core/errors.ts';
import { describeFault } from '../core/log.ts';
import type { AppContext, AppEnv } from './context.ts';
import { networkOf } from './origin.ts';

const windowSeconds = 60;

/**
 * What Cloudflare's rate limiter counts, each by a binding of its own in wrangler.toml, which says the same figures: a
 * binding does not tell them. `auth` are the ways in that take a password, a code or a link; `public` is what else needs
 * no credential; `general` everything else, by network address; `machine` is a key or a service, wherever it comes from.
 */
export const rateLimits = {
  auth: { name: 'auth', quota: 5, windowSeconds },
  public: { name: 'public', quota: 30, windowSeconds },
  general: { name: 'general', quota: 100, windowSeconds },
  machine: { name: 'machine', quota: 6000, windowSeconds },
} as const satisfies Record<string, Limit>;

export type RateLimitName = keyof typeof rateLimits;

const bindings = {
  auth: 'AUTH_LIMIT',
  public: 'PUBLIC_LIMIT',
  general: 'GENERAL_LIMIT',
  machine: 'MACHINE_LIMIT',
} as const satisfies Record<RateLimitName, keyof Env>;

/**
 * Counts a request for its network address, or for `key` where somebody has proven to be that.
 * @throws `too_many_requests`. A limiter that fails lets everything through: it is there against floods, and what must
 *   not be tried often is counted by the database as well.
 */
export async function countRequest(c: AppContext, name: RateLimitName, key = addressKey(c)): Promise<void> {
  if (!c.get('config').limitsRequests) return;
  const { limits } = c.get('deps');
  const limit = rateLimits[name];
  const isWithin = await askLimiter(c, name, key);
  // When the window began is not told: after a whole one it is over.
  limits.push(isWithin ? { limit } : { limit, left: { remaining: 0, resetsInSeconds: windowSeconds } });
  if (!isWithin) throw tooManyRequests();
}

async function askLimiter(c: AppContext, name: RateLimitName, key: string): Promise<boolean> {
  try {
    const { success } = await c.env[bindings[name]].limit({ key });
    return success;
  } catch (fault) {
    c.get('deps').log.error('rate_limiter_failed', { limit: name, ...describeFault(fault) });
    return true;
  }
}

export function tooManyRequests(): DomainError {
  return new DomainError(
    'too_many_requests',
    'too_many_requests',
    'Too many requests; wait, and ask again.',
    {
      retryAfterSeconds: windowSeconds,
    },
  );
}

/** Whom a request counts for that comes from nobody in particular. */
export function addressKey(c: AppContext): string {
  return networkOf(c.req.header('CF-Connecting-IP') ?? '');
}

/**
 * Tells in the answer what it was counted for: `RateLimit-Policy`, and `RateLimit` where it is known what is left.
 * Source: https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/11/
 */
export const tellLimits: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next();
  const { limits } = c.get('deps');
  if (limits.length === 0) return;
  const states = limits.flatMap(({ limit, left }) => (left === undefined ? [] : [{ limit, left }]));
  c.res.headers.set('RateLimit-Policy', limits.map(policyOf).join(', '));
  if (states.length > 0) c.res.headers.set('RateLimit', states.map(stateOf).join(', '));
};

function policyOf({ limit }: CountedLimit): string {
  return `"${limit.name}";q=${limit.quota};w=${limit.windowSeconds}`;
}

function stateOf({ limit, left }: Required<CountedLimit>): string {
  return `"${limit.name}";r=${left.remaining};t=${left.resetsInSeconds}`;
}
