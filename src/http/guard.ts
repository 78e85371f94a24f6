import type { MiddlewareHandler } from 'hono';
import { DomainError } from '../core/errors.ts';
import type { AppEnv } from './context.ts';
import { verifyAccessToken } from './token.ts';

/**
 * Lets a request through when its method and whole path are on the public list, or when it brings a valid access
 * token; unknown paths included, so that nobody without one learns what exists.
 */
export function guard(publicRoutes: ReadonlySet<string>): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const method = c.req.method === 'HEAD' ? 'GET' : c.req.method;
    if (!publicRoutes.has(`${method} ${c.req.path}`)) {
      const token = /^Bearer ([A-Za-z0-9._~+/=-]+)$/i.exec(c.req.header('Authorization') ?? '')?.[1];
      if (token === undefined) {
        throw new DomainError('unauthenticated', 'missing_token', 'This needs an access token.');
      }
      c.set('user', await verifyAccessToken(token, c.get('config').tokens));
    }
    await next();
  };
}
