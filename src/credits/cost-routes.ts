import {
  answer,
  createRoutes,
  defineRoute,
  jsonBody,
  jsonResponse,
  userOf,
  versionHeaders,
  type AppContext,
} from '../http/index.ts';
import { changeCost, type CostOutcome } from './change-cost.ts';
import {
  adminCostsAnswer,
  costAnswer,
  costBody,
  costDeletedAnswer,
  costParameters,
  costQuery,
  noQuery,
} from './cost-schemas.ts';
import { readAdminCosts } from './read-costs.ts';

const tags = ['Credits'];

const getCosts = defineRoute(
  'viewer',
  {
    method: 'get',
    path: '/admin/credits/costs',
    summary: 'What each operation costs, with its version',
    tags,
    request: { query: noQuery },
    responses: { 200: jsonResponse('All operations, by name.', adminCostsAnswer) },
  },
  { scope: 'pricing:read' },
);

const putCost = defineRoute(
  'admin',
  {
    method: 'put',
    path: '/admin/credits/costs/{operation_type}',
    summary: 'Set what an operation costs',
    description:
      'Makes the operation where there is none. Spends and holds cost it at once, `GET /credits/costs` shows it within 60 s everywhere. The change is in `GET /admin/pricing/history?item_type=operation`.',
    tags,
    request: { params: costParameters, query: costQuery, headers: versionHeaders, body: jsonBody(costBody) },
    responses: {
      200: jsonResponse('The cost as it is now; on a dry run, unchanged, with the changes.', costAnswer),
      201: jsonResponse('The new operation’s cost.', costAnswer),
    },
  },
  { scope: 'pricing:write' },
);

const deleteCost = defineRoute(
  'admin',
  {
    method: 'delete',
    path: '/admin/credits/costs/{operation_type}',
    summary: 'Remove an operation',
    description:
      'Nobody can spend on it any more: 404 `operation_not_found`. What is held can be captured, and the ledger stays.',
    tags,
    request: { params: costParameters, query: costQuery, headers: versionHeaders },
    responses: { 200: jsonResponse('Removed; on a dry run, what would be.', costDeletedAnswer) },
  },
  { scope: 'pricing:write' },
);

/** Safe to answer: names every member that an answer has. */
function shownCost(cost: NonNullable<CostOutcome['cost']>) {
  const { operationType, credits, version, updatedAt } = cost;
  return { operation_type: operationType, credits, version, updated_at: updatedAt.toISOString() };
}

function costBodyOf(c: AppContext, { cost }: CostOutcome) {
  if (cost === undefined) return { success: true as const, cost: null };
  c.header('ETag', `"${cost.version}"`);
  return { success: true as const, cost: shownCost(cost) };
}

function dryRunOf(dryRun: boolean, { changes }: CostOutcome) {
  return dryRun ? { dry_run: true as const, changes: [...changes] } : {};
}

/** What uses of credits cost, for those who decide it. */
export function createCostRoutes() {
  return createRoutes()
    .openapi(getCosts, async (c) => {
      const costs = await readAdminCosts(c.get('deps'));
      return answer(c, adminCostsAnswer, { success: true, costs: costs.map(shownCost) });
    })
    .openapi(putCost, async (c) => {
      const { dry_run: dryRun } = c.req.valid('query');
      const outcome = await changeCost(c.get('deps'), userOf(c), {
        operationType: c.req.valid('param').operation_type,
        ...c.req.valid('json'),
        reason: c.req.valid('json').reason,
        ifVersion: c.req.valid('header')['if-match'],
        dryRun,
      });
      const body = { ...costBodyOf(c, outcome), ...dryRunOf(dryRun, outcome) };
      return c.json(costAnswer.parse(body), outcome.isNew ? 201 : 200);
    })
    .openapi(deleteCost, async (c) => {
      const { operation_type: operationType } = c.req.valid('param');
      const { dry_run: dryRun } = c.req.valid('query');
      const outcome = await changeCost(c.get('deps'), userOf(c), {
        operationType,
        credits: undefined,
        reason: undefined,
        ifVersion: c.req.valid('header')['if-match'],
        dryRun,
      });
      const body = { success: true as const, operation_type: operationType, ...dryRunOf(dryRun, outcome) };
      return answer(c, costDeletedAnswer, body);
    });
}
