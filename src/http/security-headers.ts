import { secureHeaders } from 'hono/secure-headers';

/** Nothing that is served here runs scripts, or belongs into a frame. */
export const securityHeaders = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    styleSrc: ["'unsafe-inline'"],
    frameAncestors: ["'none'"],
  },
});
