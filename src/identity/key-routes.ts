import {
  answer,
  createRoutes,
  defineRoute,
  jsonBody,
  jsonResponse,
  markSecret,
  originOf,
  userOf,
} from '../http/index.ts';
import {
  keyParameters,
  keyRotation,
  newOwnKey,
  ownKeyAnswer,
  ownKeyMadeAnswer,
  ownKeysAnswer,
  ownKeysQuery,
  shownToCustomer,
} from './key-schemas.ts';
import { listKeys } from './list-keys.ts';
import { makeKey } from './make-key.ts';
import { revokeKey } from './revoke-key.ts';
import { rotateKey } from './rotate-key.ts';

const tags = ['API keys'];
const fresh = { isFresh: true } as const;
const freshly = 'Wants a fresh proof: 403 `reauthentication_required`.';

const getKeys = defineRoute('customer', {
  method: 'get',
  path: '/auth/api-keys',
  summary: 'The keys that act for the customer',
  description: 'Also those that an admin made. 400 `invalid_cursor`.',
  tags,
  request: { query: ownKeysQuery },
  responses: { 200: jsonResponse('A page of keys, newest first.', ownKeysAnswer) },
});

const postKey = defineRoute(
  'customer',
  {
    method: 'post',
    path: '/auth/api-keys',
    summary: 'Make a key that acts for the customer',
    description: `The key is answered this once. ${freshly} 409 \`too_many_keys\` beyond 50.`,
    tags,
    request: { body: jsonBody(newOwnKey) },
    responses: { 201: jsonResponse('The key.', ownKeyMadeAnswer) },
  },
  fresh,
);

const rotate = defineRoute(
  'customer',
  {
    method: 'post',
    path: '/auth/api-keys/{id}/rotate',
    summary: 'Make the key that takes another one’s place',
    description: `With its name and scopes; the old one goes on for the overlap. ${freshly} 404 \`key_not_found\`. 409 \`key_already_rotated\`, \`key_ended\`.`,
    tags,
    request: { params: keyParameters, body: jsonBody(keyRotation) },
    responses: { 201: jsonResponse('The new key, answered this once.', ownKeyMadeAnswer) },
  },
  fresh,
);

const remove = defineRoute(
  'customer',
  {
    method: 'delete',
    path: '/auth/api-keys/{id}',
    summary: 'Revoke a key',
    description: `It opens nothing any more, within 30 seconds everywhere. ${freshly} 404 \`key_not_found\`.`,
    tags,
    request: { params: keyParameters },
    responses: { 200: jsonResponse('The key, which is revoked.', ownKeyAnswer) },
  },
  fresh,
);

/** A customer's own keys. */
export function createKeyRoutes() {
  return createRoutes()
    .openapi(getKeys, async (c) => {
      const asked = { ...c.req.valid('query'), customer: { user: userOf(c) } };
      const { keys, nextCursor } = await listKeys(c.get('deps'), asked);
      const shown = keys.map(shownToCustomer);
      return answer(c, ownKeysAnswer, { success: true, api_keys: shown, next_cursor: nextCursor });
    })
    .openapi(postKey, async (c) => {
      const { name, scopes, expires_in_days: days } = c.req.valid('json');
      const wish = { kind: 'customer', name, scopes, days, customer: 'own' } as const;
      const { stored, key } = await makeKey(c.get('deps'), originOf(c), userOf(c), wish);
      markSecret(c);
      return c.json(ownKeyMadeAnswer.parse({ success: true, api_key: shownToCustomer(stored), key }), 201);
    })
    .openapi(rotate, async (c) => {
      const { overlap_hours: overlapHours, expires_in_days: days } = c.req.valid('json');
      const rotation = { ...c.req.valid('param'), overlapHours, days, onlyOwn: true };
      const { stored, key } = await rotateKey(c.get('deps'), originOf(c), userOf(c), rotation);
      markSecret(c);
      return c.json(ownKeyMadeAnswer.parse({ success: true, api_key: shownToCustomer(stored), key }), 201);
    })
    .openapi(remove, async (c) => {
      const named = { ...c.req.valid('param'), onlyOwn: true };
      const stored = await revokeKey(c.get('deps'), originOf(c), userOf(c), named);
      return answer(c, ownKeyAnswer, { success: true, api_key: shownToCustomer(stored) });
    });
}
