import {
  answer,
  clearSessionCookie,
  createRoutes,
  defineRoute,
  jsonBody,
  jsonResponse,
  originOf,
  userOf,
} from '../http/index.ts';
import { listSessions } from './list-sessions.ts';
import {
  ownSessionParameters,
  ownSessionsAnswer,
  ownSessionsQuery,
  signedOutAllAnswer,
  signOutAllBody,
  signOutBody,
} from './own-session-schemas.ts';
import { doneAnswer } from './session-schemas.ts';
import { revokeSession, signOut, signOutAll } from './sign-out.ts';

const tags = ['Sessions'];

const postSignOut = defineRoute(
  'person',
  {
    method: 'post',
    path: '/auth/sign-out',
    summary: 'Sign out',
    description:
      'Ends this session, at once and everywhere: its tokens open nothing any more, and its cookie is cleared. 404 `no_account` for who has not signed in here.',
    tags,
    request: { body: { ...jsonBody(signOutBody), required: false } },
    responses: { 200: jsonResponse('Signed out.', doneAnswer) },
  },
  { isOpenToRestricted: true },
);

const postSignOutAll = defineRoute('person', {
  method: 'post',
  path: '/auth/sign-out-all',
  summary: 'Sign out everywhere',
  description:
    'Ends all sessions, or all but this one, sign-ins that wait for a code, and changes of the address that were begun. 404 `no_account` for who has not signed in here.',
  tags,
  request: { body: { ...jsonBody(signOutAllBody), required: false } },
  responses: { 200: jsonResponse('Signed out.', signedOutAllAnswer) },
});

const getSessions = defineRoute('person', {
  method: 'get',
  path: '/auth/sessions',
  summary: 'Where one is signed in',
  description: 'Sessions that may be used, newest first. 400 `invalid_cursor`, 404 `no_account`.',
  tags,
  request: { query: ownSessionsQuery },
  responses: { 200: jsonResponse('One page of sessions.', ownSessionsAnswer) },
});

const deleteSession = defineRoute('person', {
  method: 'delete',
  path: '/auth/sessions/{id}',
  summary: 'End a session',
  description: '404 `session_not_found`, also for somebody else’s, and for one that was ended.',
  tags,
  request: { params: ownSessionParameters },
  responses: { 200: jsonResponse('Ended.', doneAnswer) },
});

/** One’s own sign-ins. */
export function createOwnSessionRoutes() {
  return createRoutes()
    .openapi(postSignOut, async (c) => {
      await signOut(c.get('deps'), originOf(c), userOf(c));
      clearSessionCookie(c);
      return answer(c, doneAnswer, { success: true });
    })
    .openapi(postSignOutAll, async (c) => {
      const { except_this: isThisKept } = signOutAllBody.parse(c.req.valid('json'));
      const ended = await signOutAll(c.get('deps'), originOf(c), userOf(c), { isThisKept });
      if (!isThisKept) clearSessionCookie(c);
      return answer(c, signedOutAllAnswer, { success: true, ended_sessions: ended });
    })
    .openapi(getSessions, async (c) => {
      const found = await listSessions(c.get('deps'), userOf(c), c.req.valid('query'));
      return answer(c, ownSessionsAnswer, { success: true, ...found });
    })
    .openapi(deleteSession, async (c) => {
      const { id } = c.req.valid('param');
      await revokeSession(c.get('deps'), originOf(c), userOf(c), id);
      if (id === userOf(c).sessionId) clearSessionCookie(c);
      return answer(c, doneAnswer, { success: true });
    });
}
