import { accountOf, answer, createRoutes, defineRoute, jsonBody, jsonResponse } from '../http/index.ts';
import { readTopUp, setTopUp } from './configure-top-up.ts';
import { autoTopUpAnswer, configureTopUpBody, topUpQuery } from './top-up-schemas.ts';

const path = '/credits/auto-top-up';

const getTopUp = defineRoute(
  'account',
  {
    method: 'get',
    path,
    summary: 'The customer’s automatic top-ups',
    description: '404 `customer_not_found`.',
    tags: ['Credits'],
    request: { query: topUpQuery },
    responses: { 200: jsonResponse('How they are set, and what they led to.', autoTopUpAnswer) },
  },
  { scope: 'credits:read' },
);

const putTopUp = defineRoute(
  'account',
  {
    method: 'put',
    path,
    summary: 'Set automatic top-ups',
    description:
      'Buys a package by itself, charged to what the customer has saved at Stripe, whenever few credits are left. One that has stopped goes on. 404 `package_not_found`, `customer_not_found`; when switching on: 409 `no_saved_card`, 409 `price_changed` with the present offer as `current`, 422 `monthly_cap_too_low`, 503 `offer_not_synced`.',
    tags: ['Credits'],
    request: { body: jsonBody(configureTopUpBody) },
    responses: { 200: jsonResponse('As they are set now.', autoTopUpAnswer) },
  },
  { scope: 'subscriptions:manage' },
);

/** Automatic top-ups: opt-in, by the customer, or by a back end for it. */
export function createTopUpRoutes() {
  return createRoutes()
    .openapi(getTopUp, async (c) => {
      const account = accountOf(c, c.req.valid('query').customer);
      const topUp = await readTopUp(c.get('deps'), account);
      return answer(c, autoTopUpAnswer, { success: true, auto_top_up: topUp });
    })
    .openapi(putTopUp, async (c) => {
      const { customer, ...wish } = c.req.valid('json');
      const topUp = await setTopUp(c.get('deps'), accountOf(c, customer), wish);
      return answer(c, autoTopUpAnswer, { success: true, auto_top_up: topUp });
    });
}
