import {
  answer,
  createRoutes,
  defineRoute,
  jsonBody,
  jsonResponse,
  markSecret,
  userOf,
  versionHeaders,
  type AppContext,
} from '../http/index.ts';
import {
  endpointAnswer,
  endpointChange,
  endpointCreatedAnswer,
  endpointDeletedAnswer,
  endpointDetailAnswer,
  endpointParameters,
  endpointsAnswer,
  newEndpoint,
  noQuery,
  secretRotatedAnswer,
  secretRotation,
} from './admin-schemas.ts';
import { changeEndpoint, deleteEndpoint } from './change-endpoint.ts';
import { createEndpoint } from './create-endpoint.ts';
import { listEndpoints, readEndpoint } from './list-endpoints.ts';
import { logRoutes } from './log-routes.ts';
import { replayRoutes } from './replay-routes.ts';
import { rotateSecret } from './rotate-secret.ts';

const tags = ['Outbound events'];
const path = '/admin/endpoints/{id}';

const postEndpoint = defineRoute(
  'admin',
  {
    method: 'post',
    path: '/admin/endpoints',
    summary: 'Have events told to an endpoint',
    description:
      'Of what happens from now on. The secret is answered this once (and to the same request under its ' +
      '`Idempotency-Key`). 409 `too_many_endpoints` beyond 50. 422 `endpoint_url_refused`, `mail_not_configured`. 503 ' +
      '`sealing_not_configured`.',
    tags,
    request: { query: noQuery, body: jsonBody(newEndpoint) },
    responses: {
      201: jsonResponse(
        'The endpoint, and the secret that signs its deliveries; none for mail.',
        endpointCreatedAnswer,
      ),
    },
  },
  { scope: 'events:manage' },
);

const getEndpoints = defineRoute(
  'viewer',
  {
    method: 'get',
    path: '/admin/endpoints',
    summary: 'All endpoints, and how they fare',
    tags,
    request: { query: noQuery },
    responses: { 200: jsonResponse('Those that are not deleted, the oldest first.', endpointsAnswer) },
  },
  { scope: 'events:read' },
);

const getEndpoint = defineRoute(
  'viewer',
  {
    method: 'get',
    path,
    summary: 'One endpoint, how it fares, and what was done to it',
    description: '404 `endpoint_not_found`.',
    tags,
    request: { params: endpointParameters, query: noQuery },
    responses: { 200: jsonResponse('The endpoint; `ETag` is its version.', endpointDetailAnswer) },
  },
  { scope: 'events:read' },
);

const patchEndpoint = defineRoute(
  'admin',
  {
    method: 'patch',
    path,
    summary: 'Change an endpoint, disable it, or enable it again',
    description:
      'Its format is for good. 404 `endpoint_not_found`. 412 `version_conflict` with the present `version`. 422 ' +
      '`endpoint_url_refused`.',
    tags,
    request: {
      params: endpointParameters,
      query: noQuery,
      headers: versionHeaders,
      body: jsonBody(endpointChange),
    },
    responses: { 200: jsonResponse('The endpoint as it is now.', endpointAnswer) },
  },
  { scope: 'events:manage' },
);

const removeEndpoint = defineRoute(
  'admin',
  {
    method: 'delete',
    path,
    summary: 'Tell an endpoint nothing more',
    description:
      'What waits for it is canceled. 404 `endpoint_not_found`. 412 `version_conflict` with the present `version`.',
    tags,
    request: { params: endpointParameters, query: noQuery, headers: versionHeaders },
    responses: { 200: jsonResponse('Deleted.', endpointDeletedAnswer) },
  },
  { scope: 'events:manage' },
);

const rotate = defineRoute(
  'admin',
  {
    method: 'post',
    path: '/admin/endpoints/{id}/rotate-secret',
    summary: 'Give an endpoint a new secret',
    description:
      'Both sign until the overlap is over, so that the receiver can change in between. 404 `endpoint_not_found`. 409 ' +
      '`endpoint_unsigned` for mail; `rotation_under_way` while the secret of the rotation before still signs, unless ' +
      '`overlap_hours` is 0.',
    tags,
    request: { params: endpointParameters, query: noQuery, body: jsonBody(secretRotation) },
    responses: {
      200: jsonResponse('The endpoint, and its new secret, shown this once.', secretRotatedAnswer),
    },
  },
  { scope: 'events:manage' },
);

function tag(c: AppContext, { version }: { readonly version: number }): void {
  c.header('ETag', `"${version}"`);
}

const endpointRoutes = createRoutes()
  .openapi(getEndpoints, async (c) => {
    const endpoints = await listEndpoints(c.get('deps'));
    return answer(c, endpointsAnswer, { success: true, endpoints: [...endpoints] });
  })
  .openapi(postEndpoint, async (c) => {
    const { url, event_types: eventTypes, description, format } = c.req.valid('json');
    const wish = { url, eventTypes, description, format };
    const { endpoint, secret } = await createEndpoint(c.get('deps'), userOf(c), wish);
    markSecret(c);
    tag(c, endpoint);
    c.header('Location', `/admin/endpoints/${endpoint.id}`);
    return c.json(endpointCreatedAnswer.parse({ success: true, endpoint, secret }), 201);
  })
  .openapi(getEndpoint, async (c) => {
    const endpoint = await readEndpoint(c.get('deps'), c.req.valid('param').id);
    tag(c, endpoint);
    return answer(c, endpointDetailAnswer, { success: true, endpoint });
  })
  .openapi(patchEndpoint, async (c) => {
    const { id } = c.req.valid('param');
    const ifVersion = c.req.valid('header')['if-match'];
    const endpoint = await changeEndpoint(c.get('deps'), userOf(c), id, c.req.valid('json'), ifVersion);
    tag(c, endpoint);
    return answer(c, endpointAnswer, { success: true, endpoint });
  })
  .openapi(removeEndpoint, async (c) => {
    const { id } = c.req.valid('param');
    await deleteEndpoint(c.get('deps'), userOf(c), id, c.req.valid('header')['if-match']);
    return answer(c, endpointDeletedAnswer, { success: true, endpoint_id: id });
  })
  .openapi(rotate, async (c) => {
    const { overlap_hours: overlapHours } = c.req.valid('json');
    const rotated = await rotateSecret(c.get('deps'), userOf(c), c.req.valid('param').id, overlapHours);
    markSecret(c);
    tag(c, rotated.endpoint);
    return answer(c, secretRotatedAnswer, { success: true, ...rotated });
  });

/** Where events are told, what was told, and to tell it again: for admins, and for viewers to see. */
export function createOutboundRoutes() {
  return createRoutes().route('/', endpointRoutes).route('/', logRoutes).route('/', replayRoutes);
}
