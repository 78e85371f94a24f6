import { OpenAPIHono } from '@hono/zod-openapi';
import packageJson from '../package.json' with { type: 'json' };
import { createBillingRoutes, leaveBilling, startTopUpLater } from './billing/index.ts';
import { notFound } from './core/errors.ts';
import { createCreditsRoutes } from './credits/index.ts';
import { createNoticeRoutes } from './customers/index.ts';
import { createDeps } from './deps.ts';
import {
  answerError,
  crossOrigin,
  dependencies,
  guard,
  limitBodies,
  operation,
  refuseRepeatedParameters,
  requestLog,
  RememberingRouter,
  requireConfiguration,
  securityHeaders,
  serveDocumentation,
  tellLimits,
  type AppEnv,
} from './http/index.ts';
import { authenticate, createIdentityRoutes } from './identity/index.ts';
import { createOpsRoutes, flushCounts, livenessRoutes } from './ops/index.ts';
import { createOutboundRoutes, dispatchDeliveries } from './outbound/index.ts';
import { createPricingRoutes } from './pricing/index.ts';
import { proofRoutes, publicRoutes } from './public-routes.ts';
import { createSupportRoutes } from './support/index.ts';
import { countRejection, createWebhookRoutes } from './webhooks/index.ts';

/** After these nothing is to be told at once: they are asked for too often, or only store what an event will tell. */
const quietPaths = /^\/(credits\/(spend|holds)|payment\/webhook)(\/|$)/;

export function createApp() {
  const app = new OpenAPIHono<AppEnv>({ router: new RememberingRouter() });
  app.onError(answerError);
  // An answer, not an error: what comes after the request's work must see it.
  app.notFound((c) => answerError(notFound('not_found', 'There is nothing here.'), c));

  app.use(requestLog(flushCounts));
  app.use(securityHeaders);
  app.route('/', livenessRoutes);
  app.use(requireConfiguration);
  app.use(dependencies(createDeps));
  app.use(crossOrigin);
  app.use(limitBodies({ delivered: '/payment/webhook', brought: '/admin/webhooks' }, countRejection));
  app.use(tellLimits);
  app.use(guard({ publicRoutes, proofRoutes }, authenticate));
  app.use(refuseRepeatedParameters);
  app.use(operation({ work: dispatchDeliveries, quietPaths, proofRoutes }));

  app.route('/', createOpsRoutes(packageJson.version));
  app.route('/', createPricingRoutes());
  app.route('/', createCreditsRoutes(startTopUpLater));
  app.route('/', createBillingRoutes());
  app.route('/', createNoticeRoutes());
  app.route('/', createWebhookRoutes());
  app.route('/', createSupportRoutes());
  app.route('/', createOutboundRoutes());
  app.route('/', createIdentityRoutes(leaveBilling));
  serveDocumentation(app, packageJson.version);
  return app;
}
