import {
  answer,
  createRoutes,
  defineRoute,
  isFromOwnPage,
  jsonBody,
  jsonResponse,
  markSecret,
  originOf,
  refuseForeignPage,
  setSessionCookie,
  userOf,
  type AppContext,
} from '../http/index.ts';
import { completeSignIn } from './complete-sign-in.ts';
import { confirm } from './confirm.ts';
import type { OpenedSession } from './open-session.ts';
import { refreshSession } from './refresh-session.ts';
import {
  codeBody,
  confirmBody,
  doneAnswer,
  refreshBody,
  sessionAnswer,
  signInAnswer,
  signInBody,
} from './session-schemas.ts';
import { signIn } from './sign-in.ts';

const tags = ['Sign-in'];

const postSignIn = defineRoute('public', {
  method: 'post',
  path: '/auth/sign-in',
  summary: 'Sign in',
  description:
    'Answers a session, or a challenge where a second factor is set up. 401 `invalid_credentials` for whatever is wrong, and for an account that is locked, disabled or unverified; 429 `too_many_requests`; 403 `foreign_origin` for a cookie asked for by another page.',
  tags,
  request: { body: jsonBody(signInBody) },
  responses: { 200: jsonResponse('A session, or a challenge.', signInAnswer) },
});

const postCode = defineRoute('public', {
  method: 'post',
  path: '/auth/sign-in/code',
  summary: 'Give the second factor',
  description:
    'Ends what `/auth/sign-in` began. 401 `invalid_code` for a wrong or used code, and for a challenge that is over or was tried five times; 403 `foreign_origin` for a cookie asked for by another page.',
  tags,
  request: { body: jsonBody(codeBody) },
  responses: { 200: jsonResponse('The session.', sessionAnswer) },
});

const postRefresh = defineRoute('public', {
  method: 'post',
  path: '/auth/refresh',
  summary: 'Get new tokens',
  description:
    'Exchanges a refresh token, once. The same token again gets the same answer for 10 seconds; later it ends the session, because somebody has a copy. 401 `invalid_token`.',
  tags,
  request: { body: jsonBody(refreshBody) },
  responses: { 200: jsonResponse('The session, with new tokens.', sessionAnswer) },
});

const postConfirm = defineRoute(
  'person',
  {
    method: 'post',
    path: '/auth/confirm',
    summary: 'Confirm who is there',
    description:
      'Password, and code where there is a second factor, for what wants a fresh proof: it is good for five minutes. 403 `confirmation_failed`; 403 `reauthentication_required` for who has not signed in here, and must; 429 `too_many_requests`.',
    tags,
    request: { body: jsonBody(confirmBody) },
    responses: { 200: jsonResponse('Confirmed.', doneAnswer) },
  },
  { isOpenToRestricted: true },
);

/** Ways in, for people. */
export function createSessionRoutes() {
  return createRoutes()
    .openapi(postSignIn, async (c) => {
      const { session: kind, ...input } = c.req.valid('json');
      if (kind === 'cookie') refuseForeignPage(c);
      const outcome = await signIn(c.get('deps'), originOf(c), { ...input, kind });
      markSecret(c);
      if ('session' in outcome) return answer(c, signInAnswer, toAnswer(c, outcome.session));
      return answer(c, signInAnswer, {
        success: true,
        second_factor_required: true,
        challenge: outcome.challenge,
        expires_in: outcome.expiresInSeconds,
      });
    })
    .openapi(postCode, async (c) => {
      const { challenge, code, recovery_code: recoveryCode } = c.req.valid('json');
      const given = { challenge, code, recoveryCode, isFromOwnPage: isFromOwnPage(c) };
      const session = await completeSignIn(c.get('deps'), originOf(c), given);
      return answer(c, sessionAnswer, toAnswer(c, session));
    })
    .openapi(postRefresh, async (c) => {
      const { refresh_token: refreshToken } = c.req.valid('json');
      const session = await refreshSession(c.get('deps'), originOf(c), { refreshToken });
      return answer(c, sessionAnswer, toAnswer(c, session));
    })
    .openapi(postConfirm, async (c) => {
      const { recovery_code: recoveryCode, ...given } = c.req.valid('json');
      await confirm(c.get('deps'), originOf(c), userOf(c), { ...given, recoveryCode });
      return answer(c, doneAnswer, { success: true });
    });
}

/** Tokens go into the answer, what a cookie holds goes there alone. */
function toAnswer(c: AppContext, session: OpenedSession) {
  const { user, sessionId, expiresAt, isRestricted, credentials } = session;
  markSecret(c);
  if (credentials.kind === 'cookie') setSessionCookie(c, credentials.secret, expiresAt);
  return {
    success: true as const,
    user,
    session_id: sessionId,
    session_expires_at: expiresAt.toISOString(),
    second_factor_needed: isRestricted,
    ...(credentials.kind === 'token' && {
      access_token: credentials.accessToken,
      token_type: 'Bearer' as const,
      expires_in: credentials.expiresInSeconds,
      refresh_token: credentials.refreshToken,
    }),
  };
}
