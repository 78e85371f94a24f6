import {
  accountOf,
  answer,
  createRoutes,
  defineRoute,
  jsonBody,
  jsonResponse,
  markSecret,
  originOf,
  userOf,
} from '../http/index.ts';
import { identifyKey } from './identify-key.ts';
import {
  givenKey,
  keyAnswer,
  keyMadeAnswer,
  keyParameters,
  keyRotation,
  keysAnswer,
  keysQuery,
  newKeyByAdmin,
} from './key-schemas.ts';
import { listKeys, readKeyById } from './list-keys.ts';
import { makeKey } from './make-key.ts';
import { revokeKey } from './revoke-key.ts';
import { rotateKey } from './rotate-key.ts';

const tags = ['API keys'];
const fresh = { isFresh: true } as const;
const freshly = 'Wants a fresh proof: 403 `reauthentication_required`.';

const getKeys = defineRoute('viewer', {
  method: 'get',
  path: '/admin/api-keys',
  summary: 'All keys, of one owner or for one customer',
  description: 'Those that are over, too. 400 `invalid_cursor`.',
  tags,
  request: { query: keysQuery },
  responses: { 200: jsonResponse('A page of keys, newest first.', keysAnswer) },
});

const getKey = defineRoute('viewer', {
  method: 'get',
  path: '/admin/api-keys/{id}',
  summary: 'One key',
  description: '404 `key_not_found`.',
  tags,
  request: { params: keyParameters },
  responses: { 200: jsonResponse('The key, and whose it is.', keyAnswer) },
});

const postKey = defineRoute(
  'admin',
  {
    method: 'post',
    path: '/admin/api-keys',
    summary: 'Make a key for a service, or for a customer',
    description: `A service’s key names the customer with each request. The key is answered this once, and does not outlive its owner’s role. ${freshly} 404 \`customer_not_found\`. 409 \`customer_closed\` for one whose account was deleted, \`too_many_keys\` beyond 50.`,
    tags,
    request: { body: jsonBody(newKeyByAdmin) },
    responses: { 201: jsonResponse('The key.', keyMadeAnswer) },
  },
  fresh,
);

const rotate = defineRoute(
  'admin',
  {
    method: 'post',
    path: '/admin/api-keys/{id}/rotate',
    summary: 'Make the key that takes another one’s place',
    description: `With its name, scopes and customer, owned by who asks; the old one goes on for the overlap. ${freshly} 404 \`key_not_found\`. 409 \`key_already_rotated\`, \`key_ended\`.`,
    tags,
    request: { params: keyParameters, body: jsonBody(keyRotation) },
    responses: { 201: jsonResponse('The new key, answered this once.', keyMadeAnswer) },
  },
  fresh,
);

const remove = defineRoute(
  'admin',
  {
    method: 'delete',
    path: '/admin/api-keys/{id}',
    summary: 'Revoke a key',
    description: `It opens nothing any more, within 30 seconds everywhere. ${freshly} 404 \`key_not_found\`.`,
    tags,
    request: { params: keyParameters },
    responses: { 200: jsonResponse('The key, which is revoked.', keyAnswer) },
  },
  fresh,
);

const identify = defineRoute('admin', {
  method: 'post',
  path: '/admin/api-keys/identify',
  summary: 'Whose a key is that was found',
  description:
    'Also one that is over. 422 `invalid_key` for what is no key of this installation by its form, mode and checksum; 404 `key_not_found` for one that was never made.',
  tags,
  request: { body: jsonBody(givenKey) },
  responses: { 200: jsonResponse('The key, whose it is, and its state.', keyAnswer) },
});

const readingRoutes = createRoutes()
  .openapi(getKeys, async (c) => {
    const { customer, ...asked } = c.req.valid('query');
    const account = customer === undefined ? undefined : accountOf(c, customer);
    const { keys, nextCursor } = await listKeys(c.get('deps'), { ...asked, customer: account });
    return answer(c, keysAnswer, { success: true, api_keys: [...keys], next_cursor: nextCursor });
  })
  .openapi(getKey, async (c) => {
    const stored = await readKeyById(c.get('deps'), c.req.valid('param').id);
    return answer(c, keyAnswer, { success: true, api_key: stored });
  })
  .openapi(identify, async (c) => {
    const stored = await identifyKey(c.get('deps'), c.req.valid('json').key);
    return answer(c, keyAnswer, { success: true, api_key: stored });
  });

const changingRoutes = createRoutes()
  .openapi(postKey, async (c) => {
    const { expires_in_days: days, ...terms } = c.req.valid('json');
    const customer = terms.kind === 'customer' ? accountOf(c, terms.customer) : undefined;
    const wish = { kind: terms.kind, name: terms.name, scopes: terms.scopes, days, customer };
    const { stored, key } = await makeKey(c.get('deps'), originOf(c), userOf(c), wish);
    markSecret(c);
    c.header('Location', `/admin/api-keys/${stored.id}`);
    return c.json(keyMadeAnswer.parse({ success: true, api_key: stored, key }), 201);
  })
  .openapi(rotate, async (c) => {
    const { overlap_hours: overlapHours, expires_in_days: days } = c.req.valid('json');
    const rotation = { ...c.req.valid('param'), overlapHours, days, onlyOwn: false };
    const { stored, key } = await rotateKey(c.get('deps'), originOf(c), userOf(c), rotation);
    markSecret(c);
    c.header('Location', `/admin/api-keys/${stored.id}`);
    return c.json(keyMadeAnswer.parse({ success: true, api_key: stored, key }), 201);
  })
  .openapi(remove, async (c) => {
    const named = { ...c.req.valid('param'), onlyOwn: false };
    const stored = await revokeKey(c.get('deps'), originOf(c), userOf(c), named);
    return answer(c, keyAnswer, { success: true, api_key: stored });
  });

/** All keys: for admins, and for viewers to see. */
export function createAdminKeyRoutes() {
  return createRoutes().route('/', readingRoutes).route('/', changingRoutes);
}
