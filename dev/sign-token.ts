import { randomUUID } from 'node:crypto';
import type { Role } from '../src/core/actor.ts';
import type { TokenIssuer } from '../src/identity/access-token.ts';

export { signToken, type TokenIssuer } from '../src/identity/access-token.ts';

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
