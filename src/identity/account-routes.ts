import {
  answer,
  answerAccepted,
  createRoutes,
  defineRoute,
  jsonBody,
  jsonResponse,
  originOf,
  userOf,
} from '../http/index.ts';
import { acceptInvitation } from './accept-invitation.ts';
import {
  changeEmailBody,
  changePasswordBody,
  forgotPasswordBody,
  linkAndPasswordBody,
  linkBody,
  signUpBody,
} from './account-schemas.ts';
import { changeEmail, proveNewEmail } from './change-email.ts';
import { changePassword } from './change-password.ts';
import { forgotPassword } from './forgot-password.ts';
import { resetPassword } from './reset-password.ts';
import { doneAnswer } from './session-schemas.ts';
import { signUp } from './sign-up.ts';
import { verifyEmail } from './verify-email.ts';

const tags = ['Accounts'];
const noLink = '422 `invalid_link` for one that is wrong, was used or is over.';

const postSignUp = defineRoute('public', {
  method: 'post',
  path: '/auth/sign-up',
  summary: 'Sign up',
  description:
    'Sends a link to the address, good for a day, which opens the account with this password (`/auth/verify-email`); to an address that has an account it sends a mail that says so. The answer is the same for every address, and over five an hour to one address it is the same without a mail. 403 `sign_ups_closed`; 429 `too_many_requests`; 503 `mail_not_configured`.',
  tags,
  request: { body: jsonBody(signUpBody) },
  responses: { 202: jsonResponse('Look into the mails.', doneAnswer) },
});

const postVerifyEmail = defineRoute('public', {
  method: 'post',
  path: '/auth/verify-email',
  summary: 'Prove the address of a sign-up',
  description: `Takes the token of the link, once: from then on the account can be signed in to. ${noLink}`,
  tags,
  request: { body: jsonBody(linkBody) },
  responses: { 200: jsonResponse('Proven.', doneAnswer) },
});

const postForgotPassword = defineRoute('public', {
  method: 'post',
  path: '/auth/forgot-password',
  summary: 'Ask for a new password',
  description:
    'Sends a link to the address, good for half an hour, where it has an account; not where that was only invited. The answer is the same for every address, and over five an hour to one address it is the same without a mail. 429 `too_many_requests`; 503 `mail_not_configured`.',
  tags,
  request: { body: jsonBody(forgotPasswordBody) },
  responses: { 202: jsonResponse('Look into the mails.', doneAnswer) },
});

const postResetPassword = defineRoute('public', {
  method: 'post',
  path: '/auth/reset-password',
  summary: 'Set a new password by a link',
  description: `Takes the token of the link, once. Unlocks the account, ends every session of it, and tells its address. A disabled account stays disabled. ${noLink}`,
  tags,
  request: { body: jsonBody(linkAndPasswordBody) },
  responses: { 200: jsonResponse('Set.', doneAnswer) },
});

const postAcceptInvitation = defineRoute('public', {
  method: 'post',
  path: '/auth/accept-invitation',
  summary: 'Accept an invitation',
  description: `Takes the token of the link, once, and sets the password of the account that an admin made. ${noLink}`,
  tags,
  request: { body: jsonBody(linkAndPasswordBody) },
  responses: { 200: jsonResponse('The account can be signed in to.', doneAnswer) },
});

const postChangePassword = defineRoute('person', {
  method: 'post',
  path: '/auth/change-password',
  summary: 'Change the password',
  description:
    'Takes the present one, and a code where there is a second factor. Ends every other session and every link, and tells the address. 403 `confirmation_failed`; 403 `reauthentication_required` for who has not signed in here; 429 `too_many_requests`.',
  tags,
  request: { body: jsonBody(changePasswordBody) },
  responses: { 200: jsonResponse('Changed.', doneAnswer) },
});

const postChangeEmail = defineRoute(
  'person',
  {
    method: 'post',
    path: '/auth/change-email',
    summary: 'Ask to change the address',
    description:
      'Sends a link to the new address, good for a day, and a notice to the present one, which stays until the link is used. The link is over when all other sessions are ended. Wants a fresh proof: 403 `reauthentication_required`. 422 `email_unchanged`; 429 `too_many_requests`; 503 `mail_not_configured`.',
    tags,
    request: { body: jsonBody(changeEmailBody) },
    responses: { 202: jsonResponse('Look into the mails of the new address.', doneAnswer) },
  },
  { isFresh: true },
);

const postProveNewEmail = defineRoute('public', {
  method: 'post',
  path: '/auth/change-email/verify',
  summary: 'Prove the new address',
  description: `Takes the token of the link, once: it is the account's address from then on, and the one before is told. ${noLink} 409 \`email_taken\` when another account has proven it since.`,
  tags,
  request: { body: jsonBody(linkBody) },
  responses: { 200: jsonResponse('Changed.', doneAnswer) },
});

/** Accounts of people, and what is proven by mail. */
export function createAccountRoutes() {
  return createRoutes()
    .openapi(postSignUp, async (c) => {
      await signUp(c.get('deps'), originOf(c), c.req.valid('json'));
      return answerAccepted(c, doneAnswer, { success: true });
    })
    .openapi(postVerifyEmail, async (c) => {
      await verifyEmail(c.get('deps'), originOf(c), c.req.valid('json'));
      return answer(c, doneAnswer, { success: true });
    })
    .openapi(postForgotPassword, async (c) => {
      await forgotPassword(c.get('deps'), originOf(c), c.req.valid('json'));
      return answerAccepted(c, doneAnswer, { success: true });
    })
    .openapi(postResetPassword, async (c) => {
      await resetPassword(c.get('deps'), originOf(c), c.req.valid('json'));
      return answer(c, doneAnswer, { success: true });
    })
    .openapi(postAcceptInvitation, async (c) => {
      await acceptInvitation(c.get('deps'), originOf(c), c.req.valid('json'));
      return answer(c, doneAnswer, { success: true });
    })
    .openapi(postChangePassword, async (c) => {
      const body = c.req.valid('json');
      await changePassword(c.get('deps'), originOf(c), userOf(c), {
        currentPassword: body.current_password,
        newPassword: body.new_password,
        code: body.code,
        recoveryCode: body.recovery_code,
      });
      return answer(c, doneAnswer, { success: true });
    })
    .openapi(postChangeEmail, async (c) => {
      await changeEmail(c.get('deps'), originOf(c), userOf(c), c.req.valid('json'));
      return answerAccepted(c, doneAnswer, { success: true });
    })
    .openapi(postProveNewEmail, async (c) => {
      await proveNewEmail(c.get('deps'), originOf(c), c.req.valid('json'));
      return answer(c, doneAnswer, { success: true });
    });
}
