import { z } from 'zod';
import { exactText, text } from '../core/schema.ts';
import { emailAddress, givenPassword, oneCode } from './session-schemas.ts';

const leastCharacters = 12;
const mostCharacters = 256;

/**
 * A password that is being set: 12 to 256 characters, counted as people count them and as they are hashed, in NFKC. As it
 * is typed it has to fit into a sign-in.
 */
const newPassword = givenPassword
  .refine(
    (value) => {
      const characters = Array.from(value.normalize('NFKC')).length;
      return characters >= leastCharacters && characters <= mostCharacters;
    },
    { error: `must have ${leastCharacters} to ${mostCharacters} characters` },
  )
  .meta({ description: `${leastCharacters} to ${mostCharacters} characters, in Unicode's form NFKC.` });

/** What stands behind `token=` in a mail's link. */
const linkToken = exactText(100);

export const signUpBody = z.strictObject({
  email: emailAddress,
  password: newPassword,
  name: text(100).optional(),
});

export const forgotPasswordBody = z.strictObject({ email: emailAddress });

export const linkBody = z.strictObject({ token: linkToken });

export const linkAndPasswordBody = z.strictObject({ token: linkToken, password: newPassword });

export const changePasswordBody = z.strictObject({
  current_password: givenPassword,
  new_password: newPassword,
  ...oneCode,
});

export const changeEmailBody = z.strictObject({ email: emailAddress });
