/** What a rule of the linter forbids and allows in one file. `$` stands for a name that is used nowhere else. */
export interface LintCase {
  /** As oxlint prints it: `plugin(rule)`. */
  readonly rule: string;
  readonly file: string;
  /** Lines that the rule must report. */
  readonly forbids: readonly string[];
  /** Lines beside them that no rule of the layering, nor this one, may report. */
  readonly allows: readonly string[];
}

/** DESIGN: which file may import which. */
export const layerCases: readonly LintCase[] = [
  {
    rule: 'ratecard(src-alone)',
    file: 'src/billing/start-checkout.ts',
    forbids: [
      "import { $ } from '../../dev/seed.ts';",
      "import type { $ } from '../../test/support/database.ts';",
      "import $ from '../../bench/run.ts';",
      "import '../../dev/up.ts';",
      "export { $ } from '../../dev/seed.ts';",
      "export * from '../../dev/seed.ts';",
      "export const $ = await import('../../dev/seed.ts');",
      'export const $ = await import(`../../dev/seed.ts`);',
      "export type $ = import('../../dev/seed.ts').Seed;",
      "import $ from '/etc/ratecard.json';",
    ],
    allows: ["import { $ } from './checkout-url.ts';", "import { $ } from '../billing/checkout-url.ts';"],
  },
  {
    rule: 'ratecard(src-alone)',
    file: 'src/index.ts',
    forbids: ["import { $ } from '../dev/seed.ts';", "import $ from '../vitest.config.ts';"],
    allows: ["import { $ } from './app.ts';", "import $ from '../package.json';"],
  },
  {
    rule: 'ratecard(constant-imports)',
    file: 'src/billing/load.ts',
    forbids: ["export const $ = (name: string): Promise<unknown> => import('../' + name);"],
    allows: ["export const $ = (): Promise<unknown> => import('./checkout-url.ts');"],
  },
  {
    rule: 'ratecard(known-layer)',
    file: 'src/coupons/redeem.ts',
    forbids: ["import { $ } from './coupon.ts';"],
    allows: [],
  },
  {
    rule: 'ratecard(known-layer)',
    file: 'src/helpers.ts',
    forbids: ["import { $ } from './core/errors.ts';"],
    allows: [],
  },
  {
    rule: 'ratecard(known-layer)',
    file: 'src/billing/discount.ts',
    forbids: ["import { $ } from '../coupons/index.ts';", "import type { $ } from '../deps';"],
    allows: ["import type { $ } from '../deps.ts';"],
  },
  {
    rule: 'ratecard(core-alone)',
    file: 'src/core/money.ts',
    forbids: [
      "import { $ } from '../db/client.ts';",
      "import { $ } from '../pricing/index.ts';",
      "import type { $ } from '../deps.ts';",
    ],
    allows: ["import { $ } from './errors.ts';", "import { $ } from 'zod';"],
  },
  {
    rule: 'ratecard(db-over-core)',
    file: 'src/db/client.ts',
    forbids: [
      "import { $ } from '../pricing/tables.ts';",
      "import { $ } from '../http/problem.ts';",
      "import type { $ } from '../deps.ts';",
    ],
    allows: ["import { $ } from '../core/errors.ts';", "import { $ } from './errors.ts';"],
  },
  {
    rule: 'ratecard(http-knows-no-domain)',
    file: 'src/http/problem.ts',
    forbids: [
      "import { $ } from '../pricing/index.ts';",
      "import type { $ } from '../identity/index.ts';",
      "import { $ } from '../deps.ts';",
      "import { $ } from '../app.ts';",
    ],
    allows: [
      "import { $ } from '../core/errors.ts';",
      "import { $ } from '../db/client.ts';",
      "import { $ } from '../env.ts';",
      "import type { $ } from '../deps.ts';",
      "import { $ } from 'hono';",
    ],
  },
  {
    rule: 'ratecard(http-in-routes)',
    file: 'src/billing/open-portal.ts',
    forbids: ["import { $ } from '../http/problem.ts';", "import type { $ } from '../http/context.ts';"],
    allows: ["import { $ } from '../core/errors.ts';"],
  },
  ...['src/billing/routes.ts', 'src/billing/schemas.ts'].map((file) => ({
    rule: 'ratecard(http-in-routes)',
    file,
    forbids: [],
    allows: ["import { $ } from '../http/problem.ts';"],
  })),
  {
    rule: 'ratecard(domain-order)',
    file: 'src/pricing/change-price.ts',
    forbids: [
      "import { $ } from '../credits/index.ts';",
      "import { $ } from '../credits/queries.ts';",
      "import { $ } from '../billing/index.ts';",
      "import { $ } from './../billing/index.ts';",
      "import { $ } from '../billing';",
      "import { $ } from '../customers/../webhooks/index.ts';",
      "import type { $ } from '../billing/index.ts';",
      "export { $ } from '../credits/index.ts';",
      "export type { $ } from '../credits/index.ts';",
      "export * as $ from '../credits/index.ts';",
      "export const $ = await import('../credits/index.ts');",
      "export type $ = import('../credits/index.ts').Lot;",
      "import { $ } from '../identity/index.ts';",
      "import { $ } from '../ops/index.ts';",
    ],
    allows: ["import { $ } from '../customers/index.ts';", "import { $ } from '../stripe/index.ts';"],
  },
  {
    rule: 'ratecard(domain-order)',
    file: 'src/pricing/nested/deeper/schedule.ts',
    forbids: ["import { $ } from '../../../credits/queries.ts';"],
    allows: [
      "import { $ } from '../../change-price.ts';",
      "import { $ } from '../../../customers/index.ts';",
    ],
  },
  {
    rule: 'ratecard(domain-order)',
    file: 'src/credits/spend.ts',
    forbids: ["import { $ } from '../pricing/index.ts';", "import { $ } from '../billing/index.ts';"],
    allows: ["import { $ } from '../customers/index.ts';", "import { $ } from '../stripe/index.ts';"],
  },
  {
    rule: 'ratecard(domain-order)',
    file: 'src/customers/find-customer.ts',
    forbids: ["import { $ } from '../pricing/index.ts';", "import { $ } from '../credits/index.ts';"],
    allows: ["import { $ } from '../stripe/index.ts';"],
  },
  {
    rule: 'ratecard(domain-order)',
    file: 'src/stripe/client.ts',
    forbids: ["import { $ } from '../customers/index.ts';"],
    allows: ["import { $ } from '../core/errors.ts';"],
  },
  {
    rule: 'ratecard(domain-order)',
    file: 'src/billing/fulfil.ts',
    forbids: ["import { $ } from '../webhooks/index.ts';"],
    allows: ['pricing', 'credits', 'customers', 'stripe'].map(
      (below) => `import { $ } from '../${below}/index.ts';`,
    ),
  },
  {
    rule: 'ratecard(domain-order)',
    file: 'src/webhooks/dispatch.ts',
    forbids: ["import { $ } from '../ops/index.ts';"],
    allows: ['billing', 'pricing', 'credits', 'customers', 'stripe'].map(
      (below) => `import { $ } from '../${below}/index.ts';`,
    ),
  },
  {
    rule: 'ratecard(domain-order)',
    file: 'src/support/tell-story.ts',
    forbids: ["import { $ } from '../identity/index.ts';", "import { $ } from '../ops/index.ts';"],
    allows: ['webhooks', 'billing', 'pricing', 'credits', 'customers', 'stripe'].map(
      (below) => `import { $ } from '../${below}/index.ts';`,
    ),
  },
  {
    rule: 'ratecard(domain-order)',
    file: 'src/webhooks/tell.ts',
    forbids: ["import { $ } from '../support/index.ts';"],
    allows: [],
  },
  {
    rule: 'ratecard(domain-order)',
    file: 'src/identity/sign-in.ts',
    forbids: ["import { $ } from '../credits/index.ts';", "import { $ } from '../ops/index.ts';"],
    allows: ["import { $ } from '../customers/index.ts';", "import { $ } from '../mail/index.ts';"],
  },
  {
    rule: 'ratecard(domain-order)',
    file: 'src/mail/http-mailer.ts',
    forbids: ["import { $ } from '../identity/index.ts';", "import { $ } from '../customers/index.ts';"],
    allows: ["import { $ } from '../core/log.ts';"],
  },
  {
    rule: 'ratecard(domain-order)',
    file: 'src/ops/readiness.ts',
    forbids: ["import { $ } from '../webhooks/index.ts';", "import { $ } from '../identity/index.ts';"],
    allows: ["import { $ } from '../core/time.ts';"],
  },
  {
    rule: 'ratecard(domain-order)',
    file: 'src/credits/tables.ts',
    forbids: ["import { $ } from '../webhooks/tables.ts';", "import { $ } from '../pricing/index.ts';"],
    allows: ["import { $ } from '../pricing/tables.ts';", "import { $ } from '../customers/tables.ts';"],
  },
  {
    rule: 'ratecard(domain-order)',
    file: 'src/credits/queries.ts',
    forbids: ["import { $ } from '../pricing/tables.ts';"],
    allows: ["import { $ } from '../customers/tables.ts';"],
  },
  {
    rule: 'ratecard(domain-door)',
    file: 'src/billing/start-checkout.ts',
    forbids: [
      "import { $ } from '../pricing/queries.ts';",
      "import { $ } from '../pricing/tables.ts';",
      "import type { $ } from '../credits/spend.ts';",
      "import { $ } from '../credits/nested/index.ts';",
      "export const $ = await import('../stripe/client.ts');",
    ],
    allows: ["import { $ } from '../pricing/index.ts';", "import { $ } from './queries.ts';"],
  },
  {
    rule: 'ratecard(domain-door)',
    file: 'src/billing/queries.ts',
    forbids: ["import { $ } from '../pricing/queries.ts';"],
    allows: ["import { $ } from '../pricing/tables.ts';", "import { $ } from '../pricing/index.ts';"],
  },
  {
    rule: 'ratecard(domain-door)',
    file: 'src/app.ts',
    forbids: ["import { $ } from './pricing/routes.ts';", "import { $ } from './identity/guard.ts';"],
    allows: [
      "import { $ } from './pricing/index.ts';",
      "import { $ } from './identity/index.ts';",
      "import { $ } from './http/problem.ts';",
      "import { $ } from './core/errors.ts';",
      "import { $ } from './deps.ts';",
      "import { $ } from './env.ts';",
    ],
  },
  {
    rule: 'ratecard(composition-types-only)',
    file: 'src/billing/start-checkout.ts',
    forbids: [
      "import { $ } from '../deps.ts';",
      "import { type $ } from '../deps.ts';",
      "import { $ } from '../app.ts';",
      "import { $ } from '../env.ts';",
      "import $ from '../index.ts';",
      "import $ from '..';",
      "export * from '../deps.ts';",
      "export const $ = await import('../deps.ts');",
    ],
    allows: ["import type { $ } from '../deps.ts';", "export type $ = import('../env.ts').Configuration;"],
  },
  {
    rule: 'ratecard(route-verb-queries)',
    file: 'src/pricing/routes.ts',
    forbids: [
      "import { $ } from './queries.ts';",
      "import { $ } from './tables.ts';",
      "import { $ } from '../db/client.ts';",
    ],
    allows: ["import { $ } from './change-price.ts';", "import { $ } from './admin-routes.ts';"],
  },
  {
    rule: 'ratecard(route-verb-queries)',
    file: 'src/pricing/list-plans.ts',
    forbids: ["import { $ } from './routes.ts';", "import type { $ } from './admin-routes.ts';"],
    allows: ["import { $ } from './queries.ts';", "import { $ } from '../db/client.ts';"],
  },
  {
    rule: 'ratecard(route-verb-queries)',
    file: 'src/pricing/index.ts',
    forbids: [],
    allows: ["export { $ } from './routes.ts';", "export { $ } from './list-plans.ts';"],
  },
  {
    rule: 'ratecard(hono-in-routes)',
    file: 'src/pricing/change-price.ts',
    forbids: [
      "import { $ } from 'hono';",
      "import type { $ } from 'hono';",
      "import { $ } from 'hono/jwt';",
      "import { z as $ } from '@hono/zod-openapi';",
      "export type $ = import('hono').Context;",
    ],
    allows: ["import { $ } from 'zod';"],
  },
  {
    rule: 'ratecard(hono-in-routes)',
    file: 'src/pricing/schemas.ts',
    forbids: [
      "import { createRoute as $ } from '@hono/zod-openapi';",
      "import { z as $, createRoute } from '@hono/zod-openapi';",
      "import * as $ from '@hono/zod-openapi';",
      "import { $ } from 'hono';",
    ],
    allows: ["import { z as $ } from '@hono/zod-openapi';"],
  },
  ...['src/core/errors.ts', 'src/db/client.ts', 'src/deps.ts', 'src/env.ts'].map((file) => ({
    rule: 'ratecard(hono-in-routes)',
    file,
    forbids: ["import { $ } from 'hono';"],
    allows: [],
  })),
  ...[
    'src/pricing/routes.ts',
    'src/pricing/admin-routes.ts',
    'src/http/guard.ts',
    'src/app.ts',
    'src/index.ts',
  ].map((file) => ({
    rule: 'ratecard(hono-in-routes)',
    file,
    forbids: [],
    allows: ["import { $ } from 'hono';", "import { OpenAPIHono as $ } from '@hono/zod-openapi';"],
  })),
  ...['src/pricing/change-price.ts', 'src/pricing/routes.ts', 'src/http/idempotency.ts', 'src/app.ts'].map(
    (file) => ({
      rule: 'ratecard(drizzle-in-queries)',
      file,
      forbids: [
        "import { $ } from 'drizzle-orm';",
        "import type { $ } from 'drizzle-orm/neon-http';",
        "import { $ } from '@neondatabase/serverless';",
      ],
      allows: [],
    }),
  ),
  ...['src/pricing/tables.ts', 'src/pricing/queries.ts', 'src/db/client.ts', 'src/db/nested/client.ts'].map(
    (file) => ({
      rule: 'ratecard(drizzle-in-queries)',
      file,
      forbids: [],
      allows: ["import { $ } from 'drizzle-orm';", "import { $ } from 'drizzle-orm/pg-core';"],
    }),
  ),
  {
    rule: 'ratecard(stripe-sdk-in-stripe)',
    file: 'src/billing/start-checkout.ts',
    forbids: [
      "import $ from 'stripe';",
      "import { type $ } from 'stripe';",
      "export { Stripe as $ } from 'stripe';",
      "export const $ = await import('stripe');",
    ],
    allows: ["import type $ from 'stripe';", "export type $ = import('stripe').default;"],
  },
  {
    rule: 'ratecard(stripe-sdk-in-stripe)',
    file: 'src/deps.ts',
    forbids: ["import $ from 'stripe';"],
    allows: ["import { $ } from './stripe/index.ts';"],
  },
  {
    rule: 'ratecard(stripe-sdk-in-stripe)',
    file: 'src/stripe/client.ts',
    forbids: [],
    allows: ["import $ from 'stripe';"],
  },
  {
    rule: 'ratecard(configured-by-env)',
    file: 'src/billing/return-url.ts',
    forbids: [
      "import { env as $ } from 'node:process';",
      "import $ from 'process';",
      "import { env as $ } from 'cloudflare:workers';",
      "import * as $ from 'cloudflare:workers';",
    ],
    allows: ["import { WorkerEntrypoint as $ } from 'cloudflare:workers';"],
  },
  {
    rule: 'ratecard(src-alone)',
    file: 'dev/database/schema.ts',
    forbids: [],
    allows: [
      "import { $ } from '../../src/pricing/tables.ts';",
      "import { $ } from 'drizzle-orm';",
      "import $ from 'stripe';",
      "import { $ } from '../../test/support/database.ts';",
    ],
  },
];
