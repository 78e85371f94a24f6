import {
  answerCached,
  conditionalParameters,
  createRoutes,
  defineRoute,
  jsonResponse,
  notModifiedResponse,
  renderAnswer,
  type AppContext,
  type RenderedAnswer,
} from '../http/index.ts';
import { createAdminPricingRoutes } from './admin-routes.ts';
import { readCatalogue } from './catalogue.ts';
import type { Catalogue } from './items.ts';
import { publicPackages, publicPlans } from './schemas.ts';
import { nextFlip, shownCatalogue } from './shown-catalogue.ts';

/** Both lists as they are from one flip to the next. */
interface RenderedCatalogue {
  readonly from: Date;
  readonly until: Date | undefined;
  readonly plans: RenderedAnswer;
  readonly packages: RenderedAnswer;
}

/** JSON is made once for each catalogue in memory, and again when a scheduled offer's time has come. */
const renderedCatalogues = new WeakMap<Catalogue, RenderedCatalogue>();

async function rendered(catalogue: Catalogue, now: Date): Promise<RenderedCatalogue> {
  const present = renderedCatalogues.get(catalogue);
  if (present !== undefined && present.from <= now && (present.until === undefined || now < present.until)) {
    return present;
  }
  const { plans, packages } = shownCatalogue(catalogue, now);
  const renewed = {
    from: now,
    until: nextFlip(catalogue, now),
    plans: await renderAnswer(publicPlans, { success: true, plans }),
    packages: await renderAnswer(publicPackages, { success: true, packages }),
  };
  renderedCatalogues.set(catalogue, renewed);
  return renewed;
}

async function answerList(c: AppContext, list: 'plans' | 'packages') {
  const deps = c.get('deps');
  const copy = await readCatalogue(deps);
  const now = deps.clock.now();
  const lists = await rendered(copy.document, now);
  const changesInSeconds = lists.until && (lists.until.getTime() - now.getTime()) / 1000;
  return answerCached(c, copy, lists[list], changesInSeconds);
}

export function createPricingRoutes() {
  return createRoutes()
    .openapi(
      defineRoute('public', {
        method: 'get',
        path: '/payment/plans',
        summary: 'The plans on sale',
        description: 'Served from the cache; a change or a scheduled price shows within 60 s everywhere.',
        tags: ['Catalogue'],
        parameters: conditionalParameters,
        responses: {
          200: jsonResponse('The plans by key, in their order.', publicPlans),
          304: notModifiedResponse,
        },
      }),
      (c) => answerList(c, 'plans'),
    )
    .openapi(
      defineRoute('public', {
        method: 'get',
        path: '/payment/credit-packages',
        summary: 'The credit packages on sale',
        description: 'Served from the cache; a change or a scheduled price shows within 60 s everywhere.',
        tags: ['Catalogue'],
        parameters: conditionalParameters,
        responses: {
          200: jsonResponse('The packages by key, in their order.', publicPackages),
          304: notModifiedResponse,
        },
      }),
      (c) => answerList(c, 'packages'),
    )
    .route('/', createAdminPricingRoutes());
}
