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
import { confirmSecondFactor } from './confirm-second-factor.ts';
import { enrolSecondFactor } from './enrol-second-factor.ts';
import {
  confirmedFactorAnswer,
  enrolmentAnswer,
  enrolmentCodeBody,
  recoveryCodesAnswer,
  secondFactorAnswer,
} from './factor-schemas.ts';
import { readSecondFactor } from './read-second-factor.ts';
import { removeSecondFactor } from './remove-second-factor.ts';
import { renewRecoveryCodes } from './renew-recovery-codes.ts';
import { doneAnswer } from './session-schemas.ts';

const tags = ['Second factor'];

const postFactor = defineRoute(
  'person',
  {
    method: 'post',
    path: '/auth/second-factor',
    summary: 'Begin to set up a second factor',
    description:
      'Answers the secret of a time-based code (RFC 6238: SHA-1, six digits, 30 s), good for ten minutes; the newest one counts. Nothing changes until it is confirmed. Wants a fresh proof: 403 `reauthentication_required`. For people with an account here.',
    tags,
    responses: { 200: jsonResponse('What an authenticator app needs.', enrolmentAnswer) },
  },
  { isFresh: true, isOpenToRestricted: true },
);

const postConfirmation = defineRoute(
  'person',
  {
    method: 'post',
    path: '/auth/second-factor/confirm',
    summary: 'Confirm a second factor',
    description:
      'By its first code. It takes the place of the one of before, with ten new recovery codes, and ends all other sessions. Staff that had none: a cookie opens everything at once, tokens do after the next refresh. 422 `invalid_code`; 409 `enrolment_over`; 429 `too_many_requests`; 404 `no_account`.',
    tags,
    request: { body: jsonBody(enrolmentCodeBody) },
    responses: { 200: jsonResponse('It counts from now on.', confirmedFactorAnswer) },
  },
  { isOpenToRestricted: true },
);

const getFactor = defineRoute('person', {
  method: 'get',
  path: '/auth/second-factor',
  summary: 'Whether there is a second factor',
  description: '404 `no_account` for who has no account here.',
  tags,
  responses: { 200: jsonResponse('Since when, and how many recovery codes are left.', secondFactorAnswer) },
});

const deleteFactor = defineRoute(
  'person',
  {
    method: 'delete',
    path: '/auth/second-factor',
    summary: 'Remove the second factor',
    description:
      'With its recovery codes; ends all other sessions. Wants a fresh proof: 403 `reauthentication_required`. 409 `second_factor_required` for staff; 404 `no_second_factor`.',
    tags,
    responses: { 200: jsonResponse('Removed.', doneAnswer) },
  },
  { isFresh: true },
);

const postRecoveryCodes = defineRoute(
  'person',
  {
    method: 'post',
    path: '/auth/second-factor/recovery-codes',
    summary: 'Get new recovery codes',
    description:
      'The old ones open nothing any more. Wants a fresh proof: 403 `reauthentication_required`. 404 `no_second_factor`.',
    tags,
    responses: { 200: jsonResponse('Ten codes.', recoveryCodesAnswer) },
  },
  { isFresh: true },
);

/** Setting up the second factor, for people with an account. */
export function createFactorRoutes() {
  return createRoutes()
    .openapi(postFactor, async (c) => {
      const { secret, uri, qrSvg, expiresAt } = await enrolSecondFactor(c.get('deps'), userOf(c));
      markSecret(c);
      const body = { secret, otpauth_uri: uri, qr_svg: qrSvg, expires_at: expiresAt.toISOString() };
      return answer(c, enrolmentAnswer, { success: true, ...body });
    })
    .openapi(postConfirmation, async (c) => {
      const confirmed = await confirmSecondFactor(c.get('deps'), originOf(c), userOf(c), c.req.valid('json'));
      markSecret(c);
      return answer(c, confirmedFactorAnswer, {
        success: true,
        recovery_codes: [...confirmed.recoveryCodes],
        refresh_needed: confirmed.isRefreshNeeded,
      });
    })
    .openapi(getFactor, async (c) => {
      const { enrolledSince, recoveryCodesLeft } = await readSecondFactor(c.get('deps'), userOf(c));
      return answer(c, secondFactorAnswer, {
        success: true,
        second_factor: {
          enrolled_since: enrolledSince?.toISOString() ?? null,
          recovery_codes_left: recoveryCodesLeft,
        },
      });
    })
    .openapi(deleteFactor, async (c) => {
      await removeSecondFactor(c.get('deps'), originOf(c), userOf(c));
      return answer(c, doneAnswer, { success: true });
    })
    .openapi(postRecoveryCodes, async (c) => {
      const codes = await renewRecoveryCodes(c.get('deps'), originOf(c), userOf(c));
      markSecret(c);
      return answer(c, recoveryCodesAnswer, { success: true, recovery_codes: [...codes] });
    });
}
