import { accountOf, answer, createRoutes, defineRoute, jsonResponse } from '../http/index.ts';
import { endpointParameters, noQuery } from './admin-schemas.ts';
import { listDeliveries, readDelivery } from './list-deliveries.ts';
import { listEvents } from './list-events.ts';
import {
  deliveriesAnswer,
  deliveriesQuery,
  deliveryAnswer,
  deliveryParameters,
  eventsAnswer,
  eventsQuery,
} from './log-schemas.ts';

const tags = ['Outbound events'];

const getDeliveries = defineRoute(
  'viewer',
  {
    method: 'get',
    path: '/admin/endpoints/{id}/deliveries',
    summary: 'What an endpoint was told, and what became of it',
    description: 'Newest first. 400 `invalid_cursor`, 404 `endpoint_not_found`.',
    tags,
    request: { params: endpointParameters, query: deliveriesQuery },
    responses: { 200: jsonResponse('One page of deliveries.', deliveriesAnswer) },
  },
  { scope: 'events:read' },
);

const getDelivery = defineRoute(
  'viewer',
  {
    method: 'get',
    path: '/admin/endpoints/{id}/deliveries/{delivery_id}',
    summary: 'One delivery: what it tells, and each try',
    description: '404 `delivery_not_found`.',
    tags,
    request: { params: deliveryParameters, query: noQuery },
    responses: { 200: jsonResponse('The delivery.', deliveryAnswer) },
  },
  { scope: 'events:read' },
);

const getEvents = defineRoute(
  'viewer',
  {
    method: 'get',
    path: '/admin/events',
    summary: 'What happened here, for others to be told',
    description:
      'Newest first, whether any endpoint wanted it or not. 400 `invalid_cursor`, 404 `customer_not_found`.',
    tags,
    request: { query: eventsQuery },
    responses: { 200: jsonResponse('One page of events.', eventsAnswer) },
  },
  { scope: 'events:read' },
);

export const logRoutes = createRoutes()
  .openapi(getDeliveries, async (c) => {
    const found = await listDeliveries(c.get('deps'), c.req.valid('param').id, c.req.valid('query'));
    return answer(c, deliveriesAnswer, { success: true, ...found });
  })
  .openapi(getDelivery, async (c) => {
    const { id, delivery_id: deliveryId } = c.req.valid('param');
    const delivery = await readDelivery(c.get('deps'), id, deliveryId);
    return answer(c, deliveryAnswer, { success: true, delivery });
  })
  .openapi(getEvents, async (c) => {
    const query = c.req.valid('query');
    const customer = query.customer === undefined ? undefined : accountOf(c, query.customer);
    const found = await listEvents(c.get('deps'), customer, query);
    return answer(c, eventsAnswer, { success: true, ...found });
  });
