import { answer, createRoutes, defineRoute, jsonResponse, userOf } from '../http/index.ts';
import { readPaymentStatus } from './read-payment-status.ts';
import { readStatusHistory } from './read-status-history.ts';
import { paymentStatusAnswer, statusHistory, statusHistoryQuery } from './status-schemas.ts';

const getStatus = defineRoute(
  'customer',
  {
    method: 'get',
    path: '/payment/status',
    summary: 'What the customer has subscribed to and paid for',
    description:
      'The subscription as Stripe had it last: the one that goes on, else the newest. Periods and cancellations are ' +
      'Stripe’s; `has_paid` and `subscription_ends_at` follow the money that arrived.',
    tags: ['Payment'],
    responses: { 200: jsonResponse('The plan, its subscription and its period.', paymentStatusAnswer) },
  },
  { scope: 'payments:read' },
);

const getHistory = defineRoute(
  'customer',
  {
    method: 'get',
    path: '/payment/status/history',
    summary: 'What became of the customer’s subscriptions',
    tags: ['Payment'],
    request: { query: statusHistoryQuery },
    responses: { 200: jsonResponse('A page of changes, the newest first.', statusHistory) },
  },
  { scope: 'payments:read' },
);

export function createStatusRoutes() {
  return createRoutes()
    .openapi(getStatus, async (c) => {
      const status = await readPaymentStatus(c.get('deps'), userOf(c));
      return answer(c, paymentStatusAnswer, { success: true, payment_status: status });
    })
    .openapi(getHistory, async (c) => {
      const history = await readStatusHistory(c.get('deps'), userOf(c), c.req.valid('query'));
      return answer(c, statusHistory, { success: true, ...history });
    });
}
