import { accountOf, answer, createRoutes, defineRoute, jsonResponse } from '../http/index.ts';
import { searchCustomers } from './find-customers.ts';
import { customersAnswer, customersQuery } from './search-schemas.ts';
import { storyAnswer, storyParameters } from './story-schemas.ts';
import { tellStory } from './tell-story.ts';

const tags = ['Customers'];

const getCustomers = defineRoute(
  'viewer',
  {
    method: 'get',
    path: '/admin/customers',
    summary: 'Find customers',
    description: 'Newest first. May lag behind by the replica’s delay. 400 `invalid_cursor`.',
    tags,
    request: { query: customersQuery },
    responses: { 200: jsonResponse('One page of customers.', customersAnswer) },
  },
  { scope: 'customers:read' },
);

const getStory = defineRoute(
  'viewer',
  {
    method: 'get',
    path: '/admin/customers/{id}',
    summary: 'A customer’s whole story',
    description:
      'What the customer bought, has, and did, and which events of Stripe told of it; of each the newest. Money in minor units, credits as the ledger has written them. Events that are not processed yet are those that name the customer. 404 `customer_not_found`.',
    tags,
    request: { params: storyParameters },
    responses: { 200: jsonResponse('All of it.', storyAnswer) },
  },
  { scope: 'customers:read' },
);

/** What those who help customers look at. */
export function createSupportRoutes() {
  return createRoutes()
    .openapi(getCustomers, async (c) => {
      const found = await searchCustomers(c.get('deps'), c.req.valid('query'));
      return answer(c, customersAnswer, { success: true, ...found });
    })
    .openapi(getStory, async (c) => {
      const story = await tellStory(c.get('deps'), accountOf(c, c.req.valid('param').id));
      return answer(c, storyAnswer, { success: true, ...story });
    });
}
