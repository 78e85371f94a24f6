import {
  answer,
  createRoutes,
  defineRoute,
  jsonBody,
  jsonResponse,
  originOf,
  userOf,
  type AppContext,
} from '../http/index.ts';
import { changeUser, type UserAction } from './change-user.ts';
import { inviteUser } from './invite-user.ts';
import { listUserEvents, listUsers, readUser } from './read-users.ts';
import {
  invitationBody,
  roleBody,
  userAnswer,
  userChangeBody,
  userEventsAnswer,
  userEventsQuery,
  userParameters,
  usersAnswer,
  usersQuery,
} from './user-schemas.ts';

const tags = ['People'];
const path = '/admin/users/{id}';
const proof = 'Wants password and code given within five minutes (403 `reauthentication_required`).';
const notThere = '404 `user_not_found`; 409 `user_deleted`.';

const getUsers = defineRoute('viewer', {
  method: 'get',
  path: '/admin/users',
  summary: 'Find accounts',
  description: 'Newest first. 400 `invalid_cursor`.',
  tags,
  request: { query: usersQuery },
  responses: { 200: jsonResponse('One page of accounts.', usersAnswer) },
});

const getUser = defineRoute('viewer', {
  method: 'get',
  path,
  summary: 'One account',
  description: '404 `user_not_found`.',
  tags,
  request: { params: userParameters },
  responses: { 200: jsonResponse('The account.', userAnswer) },
});

const getEvents = defineRoute('viewer', {
  method: 'get',
  path: '/admin/users/{id}/events',
  summary: 'What happened to an account',
  description:
    'Every proof that was given or refused, and every change, of the last year; newest first. 404 `user_not_found`; 400 `invalid_cursor`.',
  tags,
  request: { params: userParameters, query: userEventsQuery },
  responses: { 200: jsonResponse('One page of events.', userEventsAnswer) },
});

const postUser = defineRoute(
  'admin',
  {
    method: 'post',
    path: '/admin/users',
    summary: 'Invite somebody',
    description: `Makes an account without a password, and mails a link that is good for a day and once. Again, for somebody who has not come yet: a new link, and the one before is void. ${proof} 409 \`email_taken\`; 503 \`mail_not_configured\`.`,
    tags,
    request: { body: jsonBody(invitationBody) },
    responses: { 201: jsonResponse('The account, to be opened by the link.', userAnswer) },
  },
  { isFresh: true },
);

/** A change that is named by its path. */
function changeRoute<Name extends string>(name: Name, summary: string, description: string) {
  return defineRoute(
    'admin',
    {
      method: 'post',
      path: `/admin/users/{id}/${name}`,
      summary,
      description: `${description} ${proof} ${notThere}`,
      tags,
      request: { params: userParameters, body: { ...jsonBody(userChangeBody), required: false } },
      responses: { 200: jsonResponse('The account as it is now.', userAnswer) },
    },
    { isFresh: true },
  );
}

const notOneself = '409 `own_account` for one’s own.';
const disable = changeRoute(
  'disable',
  'Shut somebody out',
  `Ends their sessions and stops their keys, at once. 409 \`last_admin\`. ${notOneself}`,
);
const enable = changeRoute('enable', 'Let somebody in again', notOneself);
const unlock = changeRoute(
  'unlock',
  'Unlock an account',
  `Forgets the wrong passwords and codes, and the tries that were counted. ${notOneself}`,
);
const removeFactor = changeRoute(
  'remove-second-factor',
  'Take away a second factor that is lost',
  `With its recovery codes; ends their sessions. Staff then has to set one up before anything else. ${notOneself}`,
);
const revoke = changeRoute(
  'revoke-sessions',
  'Sign somebody out everywhere',
  'At once, also oneself; a change of the address that was begun is over.',
);

const putRole = defineRoute(
  'admin',
  {
    method: 'put',
    path: '/admin/users/{id}/role',
    summary: 'Change somebody’s role',
    description: `Ends their sessions; keys of services that a former admin made stop. Staff without a second factor has to set one up first. ${proof} 409 \`last_admin\`, \`address_not_proven\`. ${notOneself} ${notThere}`,
    tags,
    request: { params: userParameters, body: jsonBody(roleBody) },
    responses: { 200: jsonResponse('The account as it is now.', userAnswer) },
  },
  { isFresh: true },
);

/** The accounts of people, for staff. */
export function createUserRoutes() {
  return createRoutes()
    .openapi(getUsers, async (c) => {
      const users = await listUsers(c.get('deps'), c.req.valid('query'));
      return answer(c, usersAnswer, { success: true, ...users });
    })
    .openapi(getUser, async (c) => {
      const user = await readUser(c.get('deps'), c.req.valid('param').id);
      return answer(c, userAnswer, { success: true, user });
    })
    .openapi(getEvents, async (c) => {
      const events = await listUserEvents(c.get('deps'), c.req.valid('param').id, c.req.valid('query'));
      return answer(c, userEventsAnswer, { success: true, ...events });
    })
    .openapi(postUser, async (c) => {
      const user = await inviteUser(c.get('deps'), userOf(c), originOf(c), c.req.valid('json'));
      c.header('Location', `/admin/users/${user.id}`);
      return c.json(userAnswer.parse({ success: true, user }), 201);
    })
    .openapi(disable, (c) => change(c, 'disable', c.req.valid('param'), c.req.valid('json')))
    .openapi(enable, (c) => change(c, 'enable', c.req.valid('param'), c.req.valid('json')))
    .openapi(unlock, (c) => change(c, 'unlock', c.req.valid('param'), c.req.valid('json')))
    .openapi(removeFactor, (c) =>
      change(c, 'remove_second_factor', c.req.valid('param'), c.req.valid('json')),
    )
    .openapi(revoke, (c) => change(c, 'revoke_sessions', c.req.valid('param'), c.req.valid('json')))
    .openapi(putRole, (c) => change(c, 'change_role', c.req.valid('param'), c.req.valid('json')));
}

async function change(
  c: AppContext,
  action: UserAction,
  { id: userId }: { readonly id: string },
  input: { readonly reason?: string | undefined; readonly role?: string },
) {
  const user = await changeUser(c.get('deps'), userOf(c), originOf(c), { userId, action, ...input });
  return answer(c, userAnswer, { success: true, user });
}
