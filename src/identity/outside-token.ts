import { errors, jwtVerify, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import { DomainError, invalidToken } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { MappedRole, OutsideIssuer } from '../core/outside-issuers.ts';
import { exactText } from '../core/schema.ts';
import type { Identity } from './known-customer.ts';
import type { KeySet } from './key-set.ts';
import { isOfNow, leewaySeconds, maximumLifeSeconds, tokenTime } from './token-times.ts';
import type { TokenParts } from './token-parts.ts';
import { audience, emailIn } from './verify-token.ts';

/** What issuers call a token of access, or of who somebody is, in the claim `typ`; no other is taken. */
const types: readonly string[] = ['access', 'access_token', 'at+jwt', 'bearer', 'id', 'jwt'];

const claimsSchema = z
  .object({
    iss: z.string(),
    aud: audience,
    sub: exactText(255),
    iat: tokenTime,
    exp: tokenTime,
    nbf: tokenTime.optional(),
    jti: z.string().min(1).optional(),
    typ: z
      .string()
      .refine((value) => types.includes(value.toLowerCase()))
      .optional(),
    email_verified: z.unknown().optional(),
  })
  .refine(({ iat, exp }) => exp > iat && exp - iat <= maximumLifeSeconds);

/** Somebody whom an outside issuer vouches for. The address is left out where the issuer says that it is not proven. */
interface Vouched extends Identity {
  readonly role: MappedRole;
}

/**
 * Whom a token of an outside issuer vouches for. What can be refused without its keys is: nothing is asked of the
 * issuer for it.
 * @throws `invalid_token`; `issuer_unavailable` where the keys cannot be had
 */
export async function verifyOutsideToken(
  log: Log,
  token: TokenParts,
  issuer: OutsideIssuer,
  keys: KeySet,
): Promise<Vouched> {
  const claims = claimsSchema.safeParse(token.claims).data;
  if (claims === undefined || !isOfNow(claims, leewaySeconds)) throw invalidToken();
  if (claims.iss !== issuer.issuer || !issuer.audience.some((name) => claims.aud.includes(name))) {
    throw invalidToken();
  }
  const email = optionalText(token.claims, issuer.emailClaim);
  if (!issuer.algorithms.some((algorithm) => algorithm === token.header.alg)) throw invalidToken();
  await requireSignature(token.text, issuer, keys.finder(log));
  const isProven = claims.email_verified !== false && claims.email_verified !== 'false';
  return {
    issuer: issuer.issuer,
    subject: claims.sub,
    email: isProven ? emailIn(email) : undefined,
    role: mappedRole(token.claims, issuer),
  };
}

async function requireSignature(
  text: string,
  issuer: OutsideIssuer,
  findKey: JWTVerifyGetKey,
): Promise<void> {
  const options = {
    issuer: issuer.issuer,
    audience: [...issuer.audience],
    algorithms: [...issuer.algorithms],
    clockTolerance: leewaySeconds,
    requiredClaims: ['exp', 'iat', 'sub'],
  };
  try {
    await jwtVerify(text, findKey, options);
  } catch (error) {
    if (error instanceof DomainError) throw error;
    // A token without a `kid`, where several keys would do.
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw invalidToken();
    for await (const key of error) {
      const isIts = await jwtVerify(text, key, options).then(
        () => true,
        () => false,
      );
      if (isIts) return;
    }
    throw invalidToken();
  }
}

/** Of a claim that is named by configuration: text, or nothing. */
function optionalText(claims: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'string') throw invalidToken();
  return value;
}

/** The highest role that the configuration makes of what the claim says: one text, or several. */
function mappedRole(claims: Readonly<Record<string, unknown>>, { role }: OutsideIssuer): MappedRole {
  if (role === undefined || !Object.hasOwn(claims, role.claim)) return 'customer';
  const said = [claims[role.claim]].flat();
  const mapped = said.map((value) => (typeof value === 'string' ? role.values.get(value) : undefined));
  if (mapped.includes('admin')) return 'admin';
  return mapped.includes('viewer') ? 'viewer' : 'customer';
}
