import { accountOf, answer, createRoutes, defineRoute, jsonResponse } from '../http/index.ts';
import { listPayments } from './list-payments.ts';
import { paymentsAnswer, paymentsQuery } from './payment-list-schemas.ts';

const getPayments = defineRoute(
  'account',
  {
    method: 'get',
    path: '/payment/payments',
    summary: 'What the customer has paid, and what went back',
    description:
      'Newest first. May lag behind by the replica’s delay. 400 `invalid_cursor`. 404 `customer_not_found`.',
    tags: ['Payment'],
    request: { query: paymentsQuery },
    responses: { 200: jsonResponse('One page of payments.', paymentsAnswer) },
  },
  { scope: 'payments:read' },
);

export function createPaymentRoutes() {
  return createRoutes().openapi(getPayments, async (c) => {
    const { customer, ...asked } = c.req.valid('query');
    const page = await listPayments(c.get('deps'), accountOf(c, customer), asked);
    return answer(c, paymentsAnswer, { success: true, ...page });
  });
}
