import { accountOf, answer, createRoutes, defineRoute, jsonResponse } from '../http/index.ts';
import { balanceAnswer, balanceQuery } from './balance-schemas.ts';
import { readBalance } from './read-balance.ts';

/** Here, and not beside the ledger, because it sets the ledger beside the plans and what they will grant. */
export function createBalanceRoutes() {
  return createRoutes().openapi(
    defineRoute(
      'account',
      {
        method: 'get',
        path: '/credits/balance',
        summary: 'The customer’s credits',
        description:
          'As they are now: what has expired is not counted, whether or not the ledger has noted it yet. 404 `customer_not_found`.',
        tags: ['Credits'],
        request: { query: balanceQuery },
        responses: {
          200: jsonResponse('Balance, lots, holds, and what comes and goes next.', balanceAnswer),
        },
      },
      { scope: 'credits:read' },
    ),
    async (c) => {
      const account = accountOf(c, c.req.valid('query').customer);
      const credits = await readBalance(c.get('deps'), account);
      return answer(c, balanceAnswer, { success: true, credits });
    },
  );
}
