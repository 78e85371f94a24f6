import {
  answer,
  createRoutes,
  defineRoute,
  jsonBody,
  jsonResponse,
  originOf,
  userOf,
} from '../http/index.ts';
import { identitiesAnswer, identityBody, identityParameters } from './identity-schemas.ts';
import { letActFor, stopActingFor } from './link-identity.ts';
import { readIdentities } from './read-identities.ts';

const tags = ['Customers'];
const path = '/admin/customers/{id}/identities';

const getIdentities = defineRoute('viewer', {
  method: 'get',
  path,
  summary: 'Who acts for a customer',
  description:
    'Its own identity first, unless that acts for another customer; then those that an admin linked, the oldest first, 100 at most. 404 `customer_not_found`.',
  tags,
  request: { params: identityParameters },
  responses: { 200: jsonResponse('The identities.', identitiesAnswer) },
});

const postIdentity = defineRoute(
  'admin',
  {
    method: 'post',
    path,
    summary: 'Let an identity act for a customer',
    description:
      'Somebody of an outside issuer, or of the old back end, acts for this customer from their next request on, everywhere within 30 seconds. 409 `identity_in_use` when the identity’s own customer has anything, or it is linked to another one. 422 `unknown_issuer`; 422 `own_issuer` for a user of this installation, to whose customer the other identity is to be linked instead. 404 `customer_not_found`.',
    tags,
    request: { params: identityParameters, body: jsonBody(identityBody) },
    responses: { 200: jsonResponse('Who acts for the customer now.', identitiesAnswer) },
  },
  { isFresh: true },
);

const deleteIdentity = defineRoute(
  'admin',
  {
    method: 'delete',
    path,
    summary: 'Let an identity act for its own customer again',
    description: '404 `identity_not_linked`, also for the customer’s own; 404 `customer_not_found`.',
    tags,
    request: { params: identityParameters, body: jsonBody(identityBody) },
    responses: { 200: jsonResponse('Who acts for the customer now.', identitiesAnswer) },
  },
  { isFresh: true },
);

/** Which identities act for a customer: the same person at two issuers is two customers until an admin says otherwise. */
export function createIdentityLinkRoutes() {
  return createRoutes()
    .openapi(getIdentities, async (c) => {
      const found = await readIdentities(c.get('deps'), c.req.valid('param').id);
      return answer(c, identitiesAnswer, { success: true, ...found });
    })
    .openapi(postIdentity, async (c) => {
      const change = { customer: c.req.valid('param').id, ...c.req.valid('json') };
      const now = await letActFor(c.get('deps'), originOf(c), userOf(c), change);
      return answer(c, identitiesAnswer, { success: true, ...now });
    })
    .openapi(deleteIdentity, async (c) => {
      const change = { customer: c.req.valid('param').id, ...c.req.valid('json') };
      const now = await stopActingFor(c.get('deps'), originOf(c), userOf(c), change);
      return answer(c, identitiesAnswer, { success: true, ...now });
    });
}
