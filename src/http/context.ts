import type { Context } from 'hono';
import type { User } from '../core/actor.ts';
import { invalidToken } from '../core/errors.ts';
import type { Statement } from '../db/index.ts';
import type { RequestDeps } from '../deps.ts';
import type { Config } from '../env.ts';

/** What the middleware of one request leaves for those after it. */
export interface AppEnv {
  Bindings: Env;
  Variables: {
    requestId: string;
    /** Set once the configuration is found good. */
    config: Config;
    /** Who asks, by the verified credential; not set on a public route. */
    user: User;
    /** Set once the configuration is found good. */
    deps: RequestDeps;
    /** Whether the answer holds a secret, and is kept for its Idempotency-Key sealed. */
    isSecret: boolean;
    /** Holds only for who has just given password and code; not set where that cannot be. */
    freshness: Statement;
    /** Which layer a cached document came from. */
    cacheLayer: string;
    /** Of the problem that is answered. */
    code: string | undefined;
    /** Nobody is told how long anything took. */
    isUntimed: boolean;
  };
}

export type AppContext = Context<AppEnv>;

/** The authenticated user of a route that is not public. */
export function userOf(c: AppContext): User {
  const user = c.get('user') as User | undefined;
  if (user === undefined) throw invalidToken();
  return user;
}

export function isRead(c: AppContext): boolean {
  const { method } = c.req;
  return method === 'GET' || method === 'HEAD';
}
