import { accountOf, answer, createRoutes, defineRoute, jsonBody, jsonResponse } from '../http/index.ts';
import { changePlan } from './change-plan.ts';
import { cancelSubscription } from './cancel-subscription.ts';
import { invoicesAnswer, invoicesQuery } from './invoice-list-schemas.ts';
import { listInvoices } from './list-invoices.ts';
import { previewPlanChange } from './preview-plan-change.ts';
import { resumeSubscription } from './resume-subscription.ts';
import { summarise } from './standing.ts';
import {
  changePlanAnswer,
  changePlanBody,
  changePreviewAnswer,
  emptyBody,
  previewChangeBody,
  subscriptionAnswer,
} from './subscription-schemas.ts';

const changeProblems =
  '404 `customer_not_found`. 409 `no_subscription`; `change_in_progress` while another request changes it; `subscription_changed` when ' +
  'somebody else changed it meanwhile, or before the request was repeated.';

const planProblems =
  '404 `plan_not_found`, `customer_not_found`. 409 `already_on_plan`; `price_changed` with the present offer as `current`; ' +
  '`currency_mismatch`; `no_subscription`; `subscription_ending`: resume it first; `subscription_paused`; ' +
  '`payment_overdue`: pay the last invoice first. 503 `offer_not_synced`.';

const previewChange = defineRoute(
  'account',
  {
    method: 'post',
    path: '/payment/change-plan/preview',
    summary: 'What a change of the plan would charge and grant, and when',
    description: `Changes nothing. ${planProblems}`,
    tags: ['Payment'],
    request: { body: jsonBody(previewChangeBody) },
    responses: { 200: jsonResponse('Money and credits.', changePreviewAnswer) },
  },
  { scope: 'payments:read' },
);

const change = defineRoute(
  'account',
  {
    method: 'post',
    path: '/payment/change-plan',
    summary: 'Put the subscription on another plan',
    description:
      'At once, for the prorated difference: more credits a month that are not billed for a shorter interval, as many ' +
      'for a longer one, and everything in a trial, for nothing. Everything else at renewal. The present plan drops a ' +
      'change that is scheduled. 402 `payment_failed` with Stripe’s `decline_code`: nothing has changed. 409 ' +
      `\`preview_expired\` for a \`proration_date\` of more than an hour ago. ${planProblems} ${changeProblems}`,
    tags: ['Payment'],
    request: { body: jsonBody(changePlanBody) },
    responses: { 200: jsonResponse('The change, and the subscription as it is now.', changePlanAnswer) },
  },
  { scope: 'subscriptions:manage' },
);

const cancel = defineRoute(
  'account',
  {
    method: 'post',
    path: '/payment/cancel-subscription',
    summary: 'End the subscription with the period that is paid for',
    description:
      'Until then everything stays as it is, and it can be resumed. A scheduled change of the plan is dropped. One that ' +
      `is ending already stays so. ${changeProblems}`,
    tags: ['Payment'],
    request: { body: { ...jsonBody(emptyBody), required: false } },
    responses: { 200: jsonResponse('The subscription as it is now.', subscriptionAnswer) },
  },
  { scope: 'subscriptions:manage' },
);

const resume = defineRoute(
  'account',
  {
    method: 'post',
    path: '/payment/resume-subscription',
    summary: 'Let the subscription go on that was to end',
    description: `One that goes on anyway stays as it is. 409 \`subscription_ended\` once it is over. ${changeProblems}`,
    tags: ['Payment'],
    request: { body: { ...jsonBody(emptyBody), required: false } },
    responses: { 200: jsonResponse('The subscription as it is now.', subscriptionAnswer) },
  },
  { scope: 'subscriptions:manage' },
);

const getInvoices = defineRoute(
  'account',
  {
    method: 'get',
    path: '/payment/invoices',
    summary: 'The customer’s invoices',
    description:
      'As Stripe has them now, newest first. Empty before a first checkout. 400 `invalid_cursor`. 404 `customer_not_found`.',
    tags: ['Payment'],
    request: { query: invoicesQuery },
    responses: { 200: jsonResponse('One page.', invoicesAnswer) },
  },
  { scope: 'payments:read' },
);

/** What a customer does with a subscription. */
export function createSubscriptionRoutes() {
  return createRoutes()
    .openapi(previewChange, async (c) => {
      const { customer, ...wish } = c.req.valid('json');
      const preview = await previewPlanChange(c.get('deps'), accountOf(c, customer), wish);
      return answer(c, changePreviewAnswer, { success: true, preview });
    })
    .openapi(change, async (c) => {
      const { customer, ...wish } = c.req.valid('json');
      const done = await changePlan(c.get('deps'), accountOf(c, customer), wish);
      const subscription = summarise(done.subscription);
      return answer(c, changePlanAnswer, { success: true, change: done.change, subscription });
    })
    .openapi(cancel, async (c) => {
      const account = accountOf(c, c.req.valid('json').customer);
      const subscription = await cancelSubscription(c.get('deps'), account);
      return answer(c, subscriptionAnswer, { success: true, subscription: summarise(subscription) });
    })
    .openapi(resume, async (c) => {
      const account = accountOf(c, c.req.valid('json').customer);
      const subscription = await resumeSubscription(c.get('deps'), account);
      return answer(c, subscriptionAnswer, { success: true, subscription: summarise(subscription) });
    })
    .openapi(getInvoices, async (c) => {
      const { customer, ...asked } = c.req.valid('query');
      const page = await listInvoices(c.get('deps'), accountOf(c, customer), asked);
      return answer(c, invoicesAnswer, { success: true, ...page });
    });
}
