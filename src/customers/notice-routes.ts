import { answer, createRoutes, defineRoute, jsonResponse, userOf } from '../http/index.ts';
import { noticesAnswer, noticesQuery } from './notice-schemas.ts';
import { readNotices } from './read-notices.ts';

const getNotices = defineRoute(
  'customer',
  {
    method: 'get',
    path: '/credits/notices',
    summary: 'What the customer is to be told',
    description:
      'Newest first: `credits.low` when less than a fifth of the monthly allocation is left (once, until there was more in between), and what became of automatic top-ups. May lag behind by the replica’s delay. 400 `invalid_cursor`.',
    tags: ['Credits'],
    request: { query: noticesQuery },
    responses: { 200: jsonResponse('One page of notices.', noticesAnswer) },
  },
  { scope: 'credits:read' },
);

export function createNoticeRoutes() {
  return createRoutes().openapi(getNotices, async (c) => {
    const notices = await readNotices(c.get('deps'), userOf(c), c.req.valid('query'));
    return answer(c, noticesAnswer, { success: true, ...notices });
  });
}
