import {
  answer,
  createRoutes,
  defineRoute,
  jsonBody,
  jsonResponse,
  originOf,
  userOf,
} from '../http/index.ts';
import { ownEventsAnswer, ownEventsQuery, profileAnswer, profileBody } from './profile-schemas.ts';
import { changeProfile, readOwnEvents, readProfile } from './read-profile.ts';

const tags = ['Account'];

const getProfile = defineRoute(
  'person',
  {
    method: 'get',
    path: '/auth/me',
    summary: 'One’s own account',
    description: '404 `no_account` for who has not signed in here.',
    tags,
    responses: { 200: jsonResponse('The account.', profileAnswer) },
  },
  { isOpenToRestricted: true },
);

const patchProfile = defineRoute('person', {
  method: 'patch',
  path: '/auth/me',
  summary: 'Change one’s own account',
  description: 'The name; address and password have routes of their own. 404 `no_account`.',
  tags,
  request: { body: jsonBody(profileBody) },
  responses: { 200: jsonResponse('The account.', profileAnswer) },
});

const getOwnEvents = defineRoute('person', {
  method: 'get',
  path: '/auth/events',
  summary: 'What happened to one’s own account',
  description:
    'Sign-ins, refused ones among them, and every change, newest first, of the last year. 400 `invalid_cursor`, 404 `no_account`.',
  tags,
  request: { query: ownEventsQuery },
  responses: { 200: jsonResponse('One page of events.', ownEventsAnswer) },
});

/** One’s own account. */
export function createProfileRoutes() {
  return createRoutes()
    .openapi(getProfile, async (c) => {
      const profile = await readProfile(c.get('deps'), userOf(c));
      return answer(c, profileAnswer, { success: true, profile });
    })
    .openapi(patchProfile, async (c) => {
      const { name } = c.req.valid('json');
      const profile = await changeProfile(c.get('deps'), originOf(c), userOf(c), { name });
      return answer(c, profileAnswer, { success: true, profile });
    })
    .openapi(getOwnEvents, async (c) => {
      const found = await readOwnEvents(c.get('deps'), userOf(c), c.req.valid('query'));
      return answer(c, ownEventsAnswer, { success: true, ...found });
    });
}
