import {
  answer,
  answerCached,
  conditionalHeaders,
  createRoutes,
  defineRoute,
  jsonResponse,
  notModifiedResponse,
  renderAnswer,
  userOf,
  type RenderedAnswer,
} from '../http/index.ts';
import { checkCredits } from './check-credits.ts';
import { createHoldRoutes } from './hold-routes.ts';
import { createCostRoutes } from './cost-routes.ts';
import { readCosts } from './read-costs.ts';
import { readHistory } from './read-history.ts';
import { checkAnswer, checkParameters, costsAnswer, historyAnswer, historyQuery } from './schemas.ts';
import type { CostsDocument } from './schemas.ts';
import { createSpendingRoutes } from './spending-routes.ts';

const rendered = new WeakMap<CostsDocument, RenderedAnswer>();

/** One document is answered many times: its body is made once. */
async function render(document: CostsDocument): Promise<RenderedAnswer> {
  const present = rendered.get(document);
  if (present !== undefined) return present;
  const made = await renderAnswer(costsAnswer, { success: true, costs: document.costs });
  rendered.set(document, made);
  return made;
}

export function createCreditsRoutes() {
  return createRoutes()
    .route('/', createSpendingRoutes())
    .route('/', createHoldRoutes())
    .route('/', createCostRoutes())
    .openapi(
      defineRoute('public', {
        method: 'get',
        path: '/credits/costs',
        summary: 'What each operation costs',
        description: 'Credits for one use of each operation. Cached: a change shows everywhere within 60 s.',
        tags: ['Credits'],
        request: { headers: conditionalHeaders },
        responses: { 200: jsonResponse('The costs.', costsAnswer), 304: notModifiedResponse },
      }),
      async (c) => {
        const deps = c.get('deps');
        const copy = await readCosts(deps);
        return answerCached(c, copy, await render(copy.document), deps.clock.now());
      },
    )
    .openapi(
      defineRoute('customer', {
        method: 'get',
        path: '/credits/history',
        summary: 'The ledger of the customer’s credits',
        description: 'Newest first. May lag behind by the replica’s delay. 400 `invalid_cursor`.',
        tags: ['Credits'],
        request: { query: historyQuery },
        responses: { 200: jsonResponse('One page of entries.', historyAnswer) },
      }),
      async (c) => {
        const history = await readHistory(c.get('deps'), userOf(c), c.req.valid('query'));
        return answer(c, historyAnswer, { success: true, ...history });
      },
    )
    .openapi(
      defineRoute('customer', {
        method: 'get',
        path: '/credits/check/{operation_type}',
        summary: 'Whether the customer has the credits for an operation',
        description: 'Reserves nothing. 404 `operation_not_found`.',
        tags: ['Credits'],
        request: { params: checkParameters },
        responses: { 200: jsonResponse('What it takes and what there is.', checkAnswer) },
      }),
      async (c) => {
        const { operation_type } = c.req.valid('param');
        const check = await checkCredits(c.get('deps'), userOf(c), operation_type);
        return answer(c, checkAnswer, { success: true, ...check, operation_type });
      },
    );
}
