import {
  accountOf,
  answer,
  createRoutes,
  defineRoute,
  jsonBody,
  jsonResponse,
  userOf,
} from '../http/index.ts';
import { adjustBody, clawBackBody, customerParameters, grantBody, movementAnswer } from './admin-schemas.ts';
import { adjustCredits, clawBackCredits, grantCreditsByAdmin } from './move-credits.ts';

const tags = ['Customers'];
const responses = { 200: jsonResponse('The entry of the ledger, and the account after it.', movementAnswer) };
const once =
  'Under an `Idempotency-Key` it moves credits once, whatever became of the first answer. 404 `customer_not_found`.';

const postGrant = defineRoute(
  'admin',
  {
    method: 'post',
    path: '/admin/customers/{id}/credits/grant',
    summary: 'Give a customer credits',
    description: `Promotional ones, outside every rollover cap. A debt is repaid first. ${once}`,
    tags,
    request: { params: customerParameters, body: jsonBody(grantBody) },
    responses,
  },
  { scope: 'credits:manage' },
);

const postAdjustment = defineRoute(
  'admin',
  {
    method: 'post',
    path: '/admin/customers/{id}/credits/adjust',
    summary: 'Correct a customer’s credits, up or down',
    description: `409 \`insufficient_credits\` when more than is available would be taken. ${once}`,
    tags,
    request: { params: customerParameters, body: jsonBody(adjustBody) },
    responses,
  },
  { scope: 'credits:manage' },
);

const postClawBack = defineRoute(
  'admin',
  {
    method: 'post',
    path: '/admin/customers/{id}/credits/claw-back',
    summary: 'Take credits back, whatever is there',
    description: `What is gone already becomes debt, which the next credits repay. 404 \`lot_not_found\`. ${once}`,
    tags,
    request: { params: customerParameters, body: jsonBody(clawBackBody) },
    responses,
  },
  { scope: 'credits:manage' },
);

/** What an admin does to a customer's credits. The ledger keeps who, and why. */
export function createAdminCreditRoutes() {
  return createRoutes()
    .openapi(postGrant, async (c) => {
      const { expires_at, ...request } = c.req.valid('json');
      const account = accountOf(c, c.req.valid('param').id);
      const expiresAt = expires_at === undefined ? null : new Date(expires_at);
      const moved = await grantCreditsByAdmin(c.get('deps'), userOf(c), account, { ...request, expiresAt });
      return answer(c, movementAnswer, { success: true, ...moved });
    })
    .openapi(postAdjustment, async (c) => {
      const account = accountOf(c, c.req.valid('param').id);
      const moved = await adjustCredits(c.get('deps'), userOf(c), account, c.req.valid('json'));
      return answer(c, movementAnswer, { success: true, ...moved });
    })
    .openapi(postClawBack, async (c) => {
      const { lot_id, ...request } = c.req.valid('json');
      const account = accountOf(c, c.req.valid('param').id);
      const takeBack = { ...request, lotId: lot_id ?? null };
      const moved = await clawBackCredits(c.get('deps'), userOf(c), account, takeBack);
      return answer(c, movementAnswer, { success: true, ...moved });
    });
}
