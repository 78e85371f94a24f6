import { OpenAPIHono } from '@hono/zod-openapi';
import packageJson from '../package.json' with { type: 'json' };
import { createBillingRoutes, startTopUpLater } from './billing/index.ts';
import { notFound } from './core/errors.ts';
import { createCreditsRoutes } from './credits/index.ts';
import { createNoticeRoutes } from './customers/index.ts';
import { createDeps } from './deps.ts';
import {
  answerError,
  crossOrigin,
  guard,
  limitBodies,
  operation,
  refuseRepeatedParameters,
  requestLog,
  requireConfiguration,
  securityHeaders,
  serveDocumentation,
  type AppEnv,
} from './http/index.ts';
import { createOpsRoutes, livenessRoutes } from './ops/index.ts';
import { createOutboundRoutes, dispatchDeliveries } from './outbound/index.ts';
import { createPricingRoutes } from './pricing/index.ts';
import { createSupportRoutes } from './support/index.ts';
import { countRejection, createWebhookRoutes } from './webhooks/index.ts';

/** What is served without a credential: whole paths, and nothing below them. */
const publicRoutes: ReadonlySet<string> = new Set([
  'GET /',
  'GET /health',
  'GET /health/ready',
  'GET /openapi.json',
  'GET /docs',
  'GET /payment/plans',
  'GET /payment/credit-packages',
  'GET /credits/costs',
  'POST /payment/webhook',
]);

/** After these nothing is to be told at once: they are asked for too often, or only store what an event will tell. */
const quietPaths = /^\/(credits\/(spend|holds)|payment\/webhook)(\/|$)/;

export function createApp() {
  const app = new OpenAPIHono<AppEnv>();
  app.onError(answerError);
  app.notFound(() => {
    throw notFound('not_found', 'There is nothing here.');
  });

  app.use(requestLog);
  app.use(securityHeaders);
  app.route('/', livenessRoutes);
  app.use(requireConfiguration);
  app.use(crossOrigin);
  app.use(
    limitBodies(
      { delivered: '/payment/webhook', brought: '/admin/webhooks' },
      { createDeps, count: countRejection },
    ),
  );
  app.use(guard(publicRoutes));
  app.use(refuseRepeatedParameters);
  app.use(operation(createDeps, { work: dispatchDeliveries, quietPaths }));

  app.route('/', createOpsRoutes(packageJson.version));
  app.route('/', createPricingRoutes());
  app.route('/', createCreditsRoutes(startTopUpLater));
  app.route('/', createBillingRoutes());
  app.route('/', createNoticeRoutes());
  app.route('/', createWebhookRoutes());
  app.route('/', createSupportRoutes());
  app.route('/', createOutboundRoutes());
  serveDocumentation(app, packageJson.version);
  return app;
}
