import type { MiddlewareHandler } from 'hono';
import type { AppEnv } from './context.ts';

const policyHeader = 'Content-Security-Policy';

/**
 * What stands on every answer: nothing that is served here runs scripts, belongs into a frame, or is for other sites to
 * embed. Source: https://cheatsheetseries.owasp.org/cheatsheets/HTTP_Headers_Cheat_Sheet.html
 */
const usual: Readonly<Record<string, string>> = {
  [policyHeader]: "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'Strict-Transport-Security': 'max-age=15552000; includeSubDomains',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'SAMEORIGIN',
};

const usualEntries = Object.entries(usual);

/**
 * Headers for an answer that is given many times: with the security headers in them already. Copying them all takes a
 * fraction of the time that setting each of them takes.
 */
export function preparedHeaders(more: Readonly<Record<string, string>>): Headers {
  return new Headers({ ...usual, ...more });
}

/** Sets what an answer lacks: a page that has a script of its own says so itself, in a policy that stays. */
export const securityHeaders: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next();
  const { headers } = c.res;
  if (isPrepared(headers)) return;
  for (const [name, value] of usualEntries) {
    if (name !== policyHeader || !headers.has(policyHeader)) headers.set(name, value);
  }
};

function isPrepared(headers: Headers): boolean {
  return headers.has('Strict-Transport-Security');
}
