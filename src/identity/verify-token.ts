import { z } from 'zod';
import { roles, type User } from '../core/actor.ts';
import { invalidToken } from '../core/errors.ts';
import { exactText, uuid } from '../core/schema.ts';
import { isOfNow, maximumLifeSeconds, tokenTime } from './token-times.ts';
import { isSignedBy, type TokenSecrets } from './token-keys.ts';
import type { VerifiedToken } from './token-memory.ts';
import type { TokenParts } from './token-parts.ts';

/** None of ours comes near. */
const maximumLength = 4096;

export interface TokenSettings extends TokenSecrets {
  readonly issuer: string;
  readonly audience: string;
  /** Under which the old back end's customers are filed; undefined: its tokens are none. */
  readonly legacyIssuer: string | undefined;
}

/** One audience, or several (RFC 7519 §4.1.3). */
export const audience = z
  .union([z.string(), z.array(z.string()).min(1)])
  .transform((value) => (typeof value === 'string' ? [value] : value));

const address = z.email().max(320);

/** An address for receipts; undefined for what is none: the token is as good. */
export function emailIn(text: string | undefined): string | undefined {
  return address.safeParse(text).data;
}

const claimsSchema = z
  .object({
    iss: z.string(),
    aud: audience,
    sub: exactText(255),
    jti: exactText(255),
    typ: z.enum(['access', 'enrolment']),
    /** The session of ours that it is of. */
    sid: uuid.optional(),
    iat: tokenTime,
    exp: tokenTime,
    nbf: tokenTime.optional(),
    role: z.enum(roles).default('customer'),
    email: z.string().optional(),
  })
  // A session of ours is of a user of ours.
  .refine(({ sid, sub }) => sid === undefined || uuid.safeParse(sub).success)
  .refine(({ iat, exp }) => exp > iat && exp - iat <= maximumLifeSeconds);

/**
 * The user that an access token of ours vouches for, and from when to when.
 * @throws `invalid_token` for everything else, and says no more
 */
export async function verifyAccessToken(token: TokenParts, settings: TokenSettings): Promise<VerifiedToken> {
  const claims = claimsSchema.safeParse(token.claims).data;
  if (claims === undefined || token.text.length > maximumLength || !isOfNow(claims)) throw invalidToken();
  const { iss, aud, sub, role, email, sid, typ } = claims;
  if (iss !== settings.issuer || !aud.includes(settings.audience)) throw invalidToken();
  if (!(await isSignedBy(settings, token))) throw invalidToken();
  const user: User = {
    kind: 'user',
    role,
    issuer: iss,
    subject: sub,
    email: emailIn(email),
    ...(sid === undefined ? {} : { sessionId: sid }),
    ...(typ === 'enrolment' ? { isRestricted: true } : {}),
  };
  return { user, times: claims };
}
