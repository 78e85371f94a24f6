import { z } from 'zod';
import { exactText, timestamp, uuid } from '../core/schema.ts';

/** Compared in lower case. */
export const emailAddress = z
  .email({ pattern: z.regexes.html5Email })
  .max(254)
  .transform((value) => value.toLowerCase())
  .meta({ description: 'Compared in lower case.' });

/** A password that is being tried. */
export const givenPassword = exactText(1024);

const codeLength = 'Six digits of the authenticator app.';
export const totpCode = z
  .string()
  .regex(/^\d{6}$/)
  .meta({ description: codeLength });
const recoveryCode = exactText(64).meta({
  description: 'One of the recovery codes; each is taken once.',
});

export const oneCode = {
  code: totpCode.optional(),
  recovery_code: recoveryCode.optional(),
};

export const signInBody = z.strictObject({
  email: emailAddress,
  password: givenPassword,
  session: z.enum(['token', 'cookie']).default('token').meta({
    description:
      '`cookie` is for pages of this very origin: it sets `__Host-session`, and answers no tokens.',
  }),
});

export const codeBody = z
  .strictObject({ challenge: exactText(100), ...oneCode })
  .refine(({ code, recovery_code }) => (code === undefined) !== (recovery_code === undefined), {
    path: ['code'],
    error: 'give either code or recovery_code',
  });

export const confirmBody = z
  .strictObject({ password: givenPassword, ...oneCode })
  .refine(({ code, recovery_code }) => code === undefined || recovery_code === undefined, {
    path: ['code'],
    error: 'give one of code and recovery_code',
  });

export const refreshBody = z.strictObject({ refresh_token: exactText(100) });

export const sessionAnswer = z.strictObject({
  success: z.literal(true),
  user: z.strictObject({
    id: uuid,
    email: z.string().nullable(),
    role: z.enum(['customer', 'viewer', 'admin']),
  }),
  session_id: uuid,
  session_expires_at: timestamp,
  second_factor_needed: z
    .boolean()
    .meta({ description: 'Staff without a second factor: nothing is open but to set it up.' }),
  access_token: z.string().optional(),
  token_type: z.literal('Bearer').optional(),
  expires_in: z.int().optional().meta({ description: 'Seconds that the access token is good for.' }),
  refresh_token: z.string().optional(),
});

const challengeAnswer = z.strictObject({
  success: z.literal(true),
  second_factor_required: z.literal(true),
  challenge: z.string().meta({ description: 'For POST /auth/sign-in/code: five tries.' }),
  expires_in: z.int(),
});

export const signInAnswer = z.union([sessionAnswer, challengeAnswer]);

export const doneAnswer = z.strictObject({ success: z.literal(true) });
