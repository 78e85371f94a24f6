import { answer, createRoutes, defineRoute, jsonBody, jsonResponse, userOf } from '../http/index.ts';
import { emptyBody, endpointParameters, endpointTestedAnswer, noQuery } from './admin-schemas.ts';
import { deliveryParameters, deliveryReplayedAnswer } from './log-schemas.ts';
import { replayDelivery, replayEvents } from './replay-deliveries.ts';
import { replayAnswer, replayBody, replayQuery } from './replay-schemas.ts';
import { testEndpoint } from './test-endpoint.ts';

const tags = ['Outbound events'];
const noBody = { ...jsonBody(emptyBody), required: false };

const postTest = defineRoute(
  'admin',
  {
    method: 'post',
    path: '/admin/endpoints/{id}/test',
    summary: 'Tell an endpoint of an event `endpoint.test`',
    description: 'It alone, whatever it asked for. 404 `endpoint_not_found`, 409 `endpoint_disabled`.',
    tags,
    request: { params: endpointParameters, query: noQuery, body: noBody },
    responses: { 200: jsonResponse('The delivery that waits now.', endpointTestedAnswer) },
  },
  { scope: 'events:manage' },
);

const postDeliveryReplay = defineRoute(
  'admin',
  {
    method: 'post',
    path: '/admin/endpoints/{id}/deliveries/{delivery_id}/replay',
    summary: 'Make a delivery again',
    description:
      'One that has ended, however it did, under the same `webhook-id`. 404 `endpoint_not_found`, ' +
      '`delivery_not_found`. 409 `endpoint_disabled`; `delivery_in_progress` while it waits or is being made.',
    tags,
    request: { params: deliveryParameters, query: noQuery, body: noBody },
    responses: { 200: jsonResponse('It waits now.', deliveryReplayedAnswer) },
  },
  { scope: 'events:manage' },
);

const postReplay = defineRoute(
  'admin',
  {
    method: 'post',
    path: '/admin/endpoints/{id}/replay',
    summary: 'Tell an endpoint again what happened in a time',
    description:
      'All that it asks for, the oldest first, each under the same `webhook-id` as before: also what it was never told, ' +
      'while it was disabled or before it was made. What waits already is left as it is. 400 `invalid_cursor`. 404 ' +
      '`endpoint_not_found`. 409 `endpoint_disabled`.',
    tags,
    request: { params: endpointParameters, query: replayQuery, body: jsonBody(replayBody) },
    responses: { 200: jsonResponse('What waits now; on a dry run, what would.', replayAnswer) },
  },
  { scope: 'events:manage' },
);

export const replayRoutes = createRoutes()
  .openapi(postTest, async (c) => {
    const deliveryId = await testEndpoint(c.get('deps'), userOf(c), c.req.valid('param').id);
    return answer(c, endpointTestedAnswer, { success: true, delivery_id: deliveryId });
  })
  .openapi(postDeliveryReplay, async (c) => {
    const { id, delivery_id: deliveryId } = c.req.valid('param');
    await replayDelivery(c.get('deps'), userOf(c), id, deliveryId);
    return answer(c, deliveryReplayedAnswer, { success: true, delivery_id: deliveryId });
  })
  .openapi(postReplay, async (c) => {
    const { dry_run: isDryRun } = c.req.valid('query');
    const { id } = c.req.valid('param');
    const replayed = await replayEvents(c.get('deps'), userOf(c), id, c.req.valid('json'), isDryRun);
    return answer(c, replayAnswer, replayed);
  });
