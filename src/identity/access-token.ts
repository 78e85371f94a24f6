import { sign } from 'hono/jwt';
import { sha256, toHex } from '../core/ids.ts';
import { systemClock } from '../core/time.ts';

export const accessTokenSeconds = 10 * 60;

/** Whose session an access token is of. */
export interface TokenSubject {
  readonly userId: string;
  readonly sessionId: string;
  readonly role: string;
  readonly email: string | null;
  /** Lacks the second factor that the role asks for. */
  readonly isRestricted: boolean;
}

export interface TokenIssuer {
  readonly secret: string;
  readonly issuer: string;
  readonly audience: string;
}

/** The id of a secret's key: tells which secret signed a token, and nothing about the secret. */
export async function keyId(secret: string): Promise<string> {
  return toHex(await sha256(`ratecard token key ${secret}`)).slice(0, 16);
}

/** Signs with HS256, and names the secret's key in the header, so that a verifier with two secrets takes the right one. */
export async function signToken(
  { secret }: Pick<TokenIssuer, 'secret'>,
  claims: Readonly<Record<string, unknown>>,
): Promise<string> {
  const bytes = new TextEncoder().encode(secret);
  const k = btoa(String.fromCharCode(...bytes))
    .replaceAll('=', '')
    .replaceAll('+', '-')
    .replaceAll('/', '_');
  return sign({ ...claims }, { kty: 'oct', alg: 'HS256', k, kid: await keyId(secret) });
}

/** An access token of a session. One of staff that lacks its second factor is of another type, and opens only that. */
export function issueAccessToken(issuer: TokenIssuer, subject: TokenSubject): Promise<string> {
  const now = Math.floor(systemClock.now().getTime() / 1000);
  return signToken(issuer, {
    iss: issuer.issuer,
    aud: issuer.audience,
    sub: subject.userId,
    sid: subject.sessionId,
    jti: crypto.randomUUID(),
    typ: subject.isRestricted ? 'enrolment' : 'access',
    role: subject.role,
    ...(subject.email === null ? {} : { email: subject.email }),
    iat: now,
    exp: now + accessTokenSeconds,
  });
}
