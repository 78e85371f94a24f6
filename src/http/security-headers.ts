import type { MiddlewareHandler } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import type { AppEnv } from './context.ts';

const policyHeader = 'Content-Security-Policy';

/** Nothing that is served here runs scripts, or belongs into a frame. */
const usual = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    styleSrc: ["'unsafe-inline'"],
    frameAncestors: ["'none'"],
  },
});

/** A page that has a script of its own says so itself, in a policy that stays. */
export const securityHeaders: MiddlewareHandler<AppEnv> = async (c, next) => {
  let own: string | null = null;
  await usual(c, async () => {
    await next();
    own = c.res.headers.get(policyHeader);
  });
  if (own !== null) c.res.headers.set(policyHeader, own);
};
