import { answer, createRoutes, defineRoute, jsonBody, jsonResponse, userOf } from '../http/index.ts';
import { cancelSubscription } from './cancel-subscription.ts';
import { invoicesAnswer, invoicesQuery } from './invoice-list-schemas.ts';
import { listInvoices } from './list-invoices.ts';
import { resumeSubscription } from './resume-subscription.ts';
import { summarise } from './standing.ts';
import { emptyBody, subscriptionAnswer } from './subscription-schemas.ts';

const changeProblems =
  '409 `no_subscription`; `change_in_progress` while another request changes it; `subscription_changed` when the ' +
  'request is repeated after somebody changed it again.';

const cancel = defineRoute('customer', {
  method: 'post',
  path: '/payment/cancel-subscription',
  summary: 'End the subscription with the period that is paid for',
  description:
    'Until then everything stays as it is, and it can be resumed. A scheduled change of the plan is dropped. One that ' +
    `is ending already stays so. ${changeProblems}`,
  tags: ['Payment'],
  request: { body: { ...jsonBody(emptyBody), required: false } },
  responses: { 200: jsonResponse('The subscription as it is now.', subscriptionAnswer) },
});

const resume = defineRoute('customer', {
  method: 'post',
  path: '/payment/resume-subscription',
  summary: 'Let the subscription go on that was to end',
  description: `One that goes on anyway stays as it is. 409 \`subscription_ended\` once it is over. ${changeProblems}`,
  tags: ['Payment'],
  request: { body: { ...jsonBody(emptyBody), required: false } },
  responses: { 200: jsonResponse('The subscription as it is now.', subscriptionAnswer) },
});

const getInvoices = defineRoute('customer', {
  method: 'get',
  path: '/payment/invoices',
  summary: 'The customer’s invoices',
  description: 'As Stripe has them now, newest first. Empty before a first checkout. 400 `invalid_cursor`.',
  tags: ['Payment'],
  request: { query: invoicesQuery },
  responses: { 200: jsonResponse('One page.', invoicesAnswer) },
});

/** What a customer does with a subscription. */
export function createSubscriptionRoutes() {
  return createRoutes()
    .openapi(cancel, async (c) => {
      const subscription = await cancelSubscription(c.get('deps'), userOf(c));
      return answer(c, subscriptionAnswer, { success: true, subscription: summarise(subscription) });
    })
    .openapi(resume, async (c) => {
      const subscription = await resumeSubscription(c.get('deps'), userOf(c));
      return answer(c, subscriptionAnswer, { success: true, subscription: summarise(subscription) });
    })
    .openapi(getInvoices, async (c) => {
      const page = await listInvoices(c.get('deps'), userOf(c), c.req.valid('query'));
      return answer(c, invoicesAnswer, { success: true, ...page });
    });
}
