import { accountOf, answer, createRoutes, defineRoute, jsonResponse } from '../http/index.ts';
import { noticesAnswer, noticesQuery } from './notice-schemas.ts';
import { readNotices } from './read-notices.ts';

const getNotices = defineRoute(
  'account',
  {
    method: 'get',
    path: '/credits/notices',
    summary: 'What the customer is to be told',
    description:
      'Newest first: `credits.low` when less than a fifth of the monthly allocation is left (once, until there was more in between), and what became of automatic top-ups. May lag behind by the replica’s delay. 400 `invalid_cursor`. 404 `customer_not_found`.',
    tags: ['Credits'],
    request: { query: noticesQuery },
    responses: { 200: jsonResponse('One page of notices.', noticesAnswer) },
  },
  { scope: 'credits:read' },
);

export function createNoticeRoutes() {
  return createRoutes().openapi(getNotices, async (c) => {
    const { customer, ...asked } = c.req.valid('query');
    const notices = await readNotices(c.get('deps'), accountOf(c, customer), asked);
    return answer(c, noticesAnswer, { success: true, ...notices });
  });
}
