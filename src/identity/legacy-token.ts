import { z } from 'zod';
import { invalidToken } from '../core/errors.ts';
import { exactText } from '../core/schema.ts';
import { systemClock } from '../core/time.ts';
import type { Identity } from './known-customer.ts';
import { isSignedBy, namesKeyOf } from './token-keys.ts';
import type { TokenParts } from './token-parts.ts';
import { isOfNow, tokenTime } from './token-times.ts';
import { audience, emailIn, type TokenSettings } from './verify-token.ts';

/** The old back end's tokens lived long; a longer one was not meant as a token of access. */
const maximumAheadSeconds = 30 * 24 * 60 * 60;

/** What back ends called what a token is for; where it is said it must be access. */
const access = z.enum(['access', 'access_token']).optional();

const legacyClaims = z
  .object({
    iss: z.string().optional(),
    aud: audience.optional(),
    sub: z.union([exactText(255), z.int().transform(String)]),
    exp: tokenTime,
    iat: tokenTime.optional(),
    nbf: tokenTime.optional(),
    typ: access,
    type: access,
    token_type: z.enum(['access', 'access_token', 'bearer', 'Bearer']).optional(),
    /** Such as that of a link to reset a password: never one of access. */
    purpose: z.undefined().optional(),
    email: z.string().nullish(),
  })
  .refine(({ iat, exp }) => iat === undefined || exp > iat);

/**
 * The customer that a token of the old back end vouches for, which signed with our secret. Whatever role it claims, it
 * is a customer's; what is for anything but access is refused.
 * @throws `invalid_token`
 */
export async function verifyLegacyToken(
  token: TokenParts,
  settings: TokenSettings,
  legacyIssuer: string,
): Promise<Identity> {
  const claims = legacyClaims.safeParse(token.claims).data;
  if (claims === undefined || !isOfNow(claims)) throw invalidToken();
  const { iss = legacyIssuer, aud = [settings.audience], sub, exp, email } = claims;
  const isFarAhead = exp > systemClock.now().getTime() / 1000 + maximumAheadSeconds;
  if (iss !== legacyIssuer || !aud.includes(settings.audience) || isFarAhead) throw invalidToken();
  // What names a key of ours was made by us, and says all that ours say.
  if (await namesKeyOf(settings, token)) throw invalidToken();
  if (!(await isSignedBy(settings, token))) throw invalidToken();
  return { issuer: legacyIssuer, subject: sub, email: emailIn(email ?? undefined) };
}
