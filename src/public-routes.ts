/** What is served without a credential: whole paths, and nothing below them. */
export const publicRoutes: ReadonlySet<string> = new Set([
  'GET /',
  'GET /health',
  'GET /health/ready',
  'GET /openapi.json',
  'GET /docs',
  'GET /payment/plans',
  'GET /payment/credit-packages',
  'GET /credits/costs',
  'POST /payment/webhook',
  'POST /auth/sign-in',
  'POST /auth/sign-in/code',
  'POST /auth/refresh',
]);
