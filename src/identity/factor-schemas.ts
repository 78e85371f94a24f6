import { z } from 'zod';
import { timestamp } from '../core/schema.ts';
import { totpCode } from './session-schemas.ts';

export const enrolmentAnswer = z.strictObject({
  success: z.literal(true),
  secret: z.string().meta({ description: 'In base32, for typing.' }),
  otpauth_uri: z.string().meta({ description: '`otpauth://totp/…`, as authenticator apps read it.' }),
  qr_svg: z.string().meta({ description: 'The URI as a QR code: an SVG document.' }),
  expires_at: timestamp.meta({ description: 'Until when it can be confirmed.' }),
});

export const enrolmentCodeBody = z.strictObject({ code: totpCode });

const recoveryCodeList = z.array(z.string()).meta({
  description: 'Each opens once what a code would. Shown this once.',
});

export const confirmedFactorAnswer = z.strictObject({
  success: z.literal(true),
  recovery_codes: recoveryCodeList,
  refresh_needed: z.boolean().meta({
    description:
      'True for staff whose access token was issued without a second factor: get the next one by POST /auth/refresh. A cookie opens everything at once.',
  }),
});

export const recoveryCodesAnswer = z.strictObject({
  success: z.literal(true),
  recovery_codes: recoveryCodeList,
});

export const secondFactorAnswer = z.strictObject({
  success: z.literal(true),
  second_factor: z.strictObject({
    enrolled_since: timestamp.nullable().meta({ description: 'Null without a second factor.' }),
    recovery_codes_left: z.int(),
  }),
});
