import { accountOf, answer, createRoutes, defineRoute, jsonResponse } from '../http/index.ts';
import {
  historyAnswer,
  historyQuery,
  transactionAnswer,
  transactionParameters,
  transactionQuery,
} from './history-schemas.ts';
import { readHistory } from './read-history.ts';
import { readTransaction } from './read-transaction.ts';

const tags = ['Credits'];

const getHistory = defineRoute(
  'account',
  {
    method: 'get',
    path: '/credits/history',
    summary: 'The ledger of the customer’s credits',
    description:
      'Newest first. May lag behind by the replica’s delay. 400 `invalid_cursor`, 404 `customer_not_found`.',
    tags,
    request: { query: historyQuery },
    responses: { 200: jsonResponse('One page of entries.', historyAnswer) },
  },
  { scope: 'credits:read' },
);

const getTransaction = defineRoute(
  'account',
  {
    method: 'get',
    path: '/credits/transactions/{id}',
    summary: 'One entry of the ledger, explained',
    description:
      'Which lots paid or were filled, what they were bought with, and what caused it. 404 `transaction_not_found`.',
    tags,
    request: { params: transactionParameters, query: transactionQuery },
    responses: { 200: jsonResponse('The entry.', transactionAnswer) },
  },
  { scope: 'credits:read' },
);

export function createHistoryRoutes() {
  return createRoutes()
    .openapi(getHistory, async (c) => {
      const query = c.req.valid('query');
      const history = await readHistory(c.get('deps'), accountOf(c, query.customer), query);
      return answer(c, historyAnswer, { success: true, ...history });
    })
    .openapi(getTransaction, async (c) => {
      const account = accountOf(c, c.req.valid('query').customer);
      const transaction = await readTransaction(c.get('deps'), account, c.req.valid('param').id);
      return answer(c, transactionAnswer, { success: true, transaction });
    });
}
