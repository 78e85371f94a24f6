import {
  accountOf,
  answer,
  answerCached,
  conditionalParameters,
  createRoutes,
  defineRoute,
  jsonResponse,
  notModifiedResponse,
  renderAnswer,
  type RenderedAnswer,
} from '../http/index.ts';
import { createAdminCreditRoutes } from './admin-routes.ts';
import { checkCredits } from './check-credits.ts';
import { createHistoryRoutes } from './history-routes.ts';
import { createHoldRoutes } from './hold-routes.ts';
import { createCostRoutes } from './cost-routes.ts';
import { readCosts } from './read-costs.ts';
import { checkAnswer, checkParameters, checkQuery, costsAnswer } from './schemas.ts';
import type { CostsDocument } from './schemas.ts';
import { createSpendingRoutes, type StartTopUp } from './spending-routes.ts';

const rendered = new WeakMap<CostsDocument, RenderedAnswer>();

/** One document is answered many times: its body is made once. */
async function render(document: CostsDocument): Promise<RenderedAnswer> {
  const present = rendered.get(document);
  if (present !== undefined) return present;
  const made = await renderAnswer(costsAnswer, { success: true, costs: document.costs });
  rendered.set(document, made);
  return made;
}

/** `startTopUp`: what is done for a customer who wants to buy more by itself now. */
export function createCreditsRoutes(startTopUp: StartTopUp) {
  return createRoutes()
    .route('/', createSpendingRoutes(startTopUp))
    .route('/', createHoldRoutes(startTopUp))
    .route('/', createCostRoutes())
    .route('/', createHistoryRoutes())
    .route('/', createAdminCreditRoutes())
    .openapi(
      defineRoute('public', {
        method: 'get',
        path: '/credits/costs',
        summary: 'What each operation costs',
        description: 'Credits for one use of each operation. Cached: a change shows everywhere within 60 s.',
        tags: ['Credits'],
        parameters: conditionalParameters,
        responses: { 200: jsonResponse('The costs.', costsAnswer), 304: notModifiedResponse },
      }),
      async (c) => {
        const deps = c.get('deps');
        const copy = await readCosts(deps);
        return answerCached(c, copy, await render(copy.document));
      },
    )
    .openapi(
      defineRoute(
        'account',
        {
          method: 'get',
          path: '/credits/check/{operation_type}',
          summary: 'Whether the customer has the credits for uses of an operation',
          description: 'Reserves nothing. 404 `operation_not_found`, `customer_not_found`.',
          tags: ['Credits'],
          request: { params: checkParameters, query: checkQuery },
          responses: { 200: jsonResponse('What it takes and what there is.', checkAnswer) },
        },
        { scope: 'credits:read' },
      ),
      async (c) => {
        const { operation_type } = c.req.valid('param');
        const { quantity, customer } = c.req.valid('query');
        const use = { operationType: operation_type, quantity };
        const check = await checkCredits(c.get('deps'), accountOf(c, customer), use);
        return answer(c, checkAnswer, { success: true, ...check, operation_type });
      },
    );
}
