import type { Deps } from '../deps.ts';
import {
  accountOf,
  answer,
  createRoutes,
  defineRoute,
  jsonBody,
  jsonResponse,
  markReplay,
  userOf,
} from '../http/index.ts';
import { spendCredits } from './spend-credits.ts';
import { spendAnswer, spendBody } from './spending-schemas.ts';

const tags = ['Credits'];

/** Begins a customer's automatic top-up, after the answer. */
export type StartTopUp = (deps: Deps, customerId: string) => void;

export function createSpendingRoutes(startTopUp: StartTopUp) {
  return createRoutes().openapi(
    defineRoute(
      'account',
      {
        method: 'post',
        path: '/credits/spend',
        summary: 'Spend credits',
        description:
          'What expires soonest goes first, then a plan’s credits before promotional before purchased ones, then the oldest. 402 `insufficient_credits` with `required`, `available` and `debt`; 404 `operation_not_found`, `customer_not_found`. An `Idempotency-Key` is kept with the transaction for good; a refused request may be repeated under its key.',
        tags,
        request: { body: jsonBody(spendBody) },
        responses: { 200: jsonResponse('Spent.', spendAnswer) },
      },
      { scope: 'credits:spend' },
    ),
    async (c) => {
      const usage = c.req.valid('json');
      const account = accountOf(c, usage.customer);
      const deps = c.get('deps');
      const spent = await spendCredits(deps, userOf(c), account, usage);
      const { transaction, credits, isReplay, topUpFor } = spent;
      if (topUpFor !== null) startTopUp(deps, topUpFor);
      if (isReplay) markReplay(c);
      return answer(c, spendAnswer, { success: true, transaction, credits });
    },
  );
}
