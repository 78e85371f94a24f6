import type { RateLimitName } from './http/index.ts';

/**
 * What is served without a credential: whole paths, and nothing below them. Each with the limit that counts it:
 * `auth` for what takes a password, a code or a mail's link; a refresh token is beyond guessing, and each page that is
 * opened may bring one. Stripe is never limited, since its signature guards it, nor is who looks after this Worker.
 */
export const publicRoutes: ReadonlyMap<string, RateLimitName | 'unlimited'> = new Map([
  ['GET /', 'public'],
  ['GET /health', 'unlimited'],
  ['GET /health/ready', 'unlimited'],
  ['GET /openapi.json', 'public'],
  ['GET /docs', 'public'],
  ['GET /payment/plans', 'public'],
  ['GET /payment/credit-packages', 'public'],
  ['GET /credits/costs', 'public'],
  ['POST /payment/webhook', 'unlimited'],
  ['POST /auth/sign-up', 'auth'],
  ['POST /auth/verify-email', 'auth'],
  ['POST /auth/forgot-password', 'auth'],
  ['POST /auth/reset-password', 'auth'],
  ['POST /auth/accept-invitation', 'auth'],
  ['POST /auth/change-email/verify', 'auth'],
  ['GET /auth/link', 'public'],
  ['POST /auth/sign-in', 'auth'],
  ['POST /auth/sign-in/code', 'auth'],
  ['POST /auth/refresh', 'public'],
]);

/** What takes a password or a code of somebody who is let in already: counted as the ways in are. */
export const proofRoutes: ReadonlySet<string> = new Set(['POST /auth/confirm', 'POST /auth/change-password']);
