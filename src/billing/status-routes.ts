import { accountOf, answer, createRoutes, defineRoute, jsonResponse } from '../http/index.ts';
import { readPaymentStatus } from './read-payment-status.ts';
import { readStatusHistory } from './read-status-history.ts';
import { paymentStatusAnswer, statusHistory, statusHistoryQuery, statusQuery } from './status-schemas.ts';

const getStatus = defineRoute(
  'account',
  {
    method: 'get',
    path: '/payment/status',
    summary: 'What the customer has subscribed to and paid for',
    description:
      'The subscription as Stripe had it last: the one that goes on, else the newest. Periods and cancellations are ' +
      'Stripe’s; `has_paid` and `subscription_ends_at` follow the money that arrived. 404 `customer_not_found`.',
    tags: ['Payment'],
    request: { query: statusQuery },
    responses: { 200: jsonResponse('The plan, its subscription and its period.', paymentStatusAnswer) },
  },
  { scope: 'payments:read' },
);

const getHistory = defineRoute(
  'account',
  {
    method: 'get',
    path: '/payment/status/history',
    summary: 'What became of the customer’s subscriptions',
    tags: ['Payment'],
    request: { query: statusHistoryQuery, statusQuery },
    responses: { 200: jsonResponse('A page of changes, the newest first.', statusHistory) },
  },
  { scope: 'payments:read' },
);

export function createStatusRoutes() {
  return createRoutes()
    .openapi(getStatus, async (c) => {
      const account = accountOf(c, c.req.valid('query').customer);
      const status = await readPaymentStatus(c.get('deps'), account);
      return answer(c, paymentStatusAnswer, { success: true, payment_status: status });
    })
    .openapi(getHistory, async (c) => {
      const { customer, ...asked } = c.req.valid('query');
      const history = await readStatusHistory(c.get('deps'), accountOf(c, customer), asked);
      return answer(c, statusHistory, { success: true, ...history });
    });
}
