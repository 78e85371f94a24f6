import { randomUUID } from 'node:crypto';
import { sign } from 'hono/jwt';
import { keyId } from '../src/http/token.ts';
import type { Role } from '../src/core/actor.ts';

export interface TokenIssuer {
  readonly secret: string;
  readonly issuer: string;
  readonly audience: string;
}

export interface TokenSubject {
  readonly subject: string;
  readonly role: Role;
  readonly email?: string | undefined;
}

/** The claims of an access token that the Worker takes, for `ttlSeconds` from now on. */
export function accessClaims(
  issuer: TokenIssuer,
  { subject, role, email }: TokenSubject,
  ttlSeconds: number,
) {
  const now = Math.floor(Date.now() / 1000);
  return {
    iss: issuer.issuer,
    aud: issuer.audience,
    sub: subject,
    jti: randomUUID(),
    typ: 'access',
    role,
    ...(email === undefined ? {} : { email }),
    iat: now,
    exp: now + ttlSeconds,
  };
}

/** Signs with HS256, and names the secret's key in the header, so that a verifier with two secrets takes the right one. */
export async function signToken(
  issuer: TokenIssuer,
  claims: Readonly<Record<string, unknown>>,
): Promise<string> {
  const key = {
    kty: 'oct',
    alg: 'HS256',
    k: Buffer.from(issuer.secret).toString('base64url'),
    kid: await keyId(issuer.secret),
  };
  return sign({ ...claims }, key);
}
