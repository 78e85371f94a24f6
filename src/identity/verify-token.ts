import { verify } from 'hono/jwt';
import { z } from 'zod';
import { roles, type User } from '../core/actor.ts';
import { invalidToken } from '../core/errors.ts';
import { exactText, uuid } from '../core/schema.ts';
import { keyId } from './access-token.ts';

/** No access token lives longer, whoever signed it. */
const maximumLifeSeconds = 24 * 60 * 60;
/** No token of ours comes near; a longer one is not worth hashing. */
const maximumLength = 4096;

export interface TokenSettings {
  readonly secret: string;
  readonly previousSecret: string | undefined;
  readonly issuer: string;
  readonly audience: string;
}

interface VerificationKey {
  /** What the header `kid` of the secret's tokens says. */
  readonly id: string;
  readonly key: CryptoKey;
}

/** `hono/jwt` checks signature, algorithm, issuer, audience and times; it lets absent times and any `typ` through. */
const claims = z
  .object({
    iss: z.string(),
    sub: exactText(255),
    jti: z.string().min(1),
    typ: z.enum(['access', 'enrolment']),
    /** The session of ours that it is of. */
    sid: uuid.optional(),
    iat: z.number(),
    exp: z.number(),
    role: z.enum(roles).default('customer'),
    // For receipts alone: one that is none is left out, and the token is as good.
    email: z.email().max(320).optional().catch(undefined),
  })
  // A session of ours is of a user of ours.
  .refine(({ sid, sub }) => sid === undefined || uuid.safeParse(sub).success)
  .refine(({ iat, exp }) => exp > iat && exp - iat <= maximumLifeSeconds);

/** Keys, not promises of keys: a promise belongs to the request that made it, and would end with it. */
const imported = new WeakMap<TokenSettings, readonly VerificationKey[]>();

async function keysOf(settings: TokenSettings): Promise<readonly VerificationKey[]> {
  const present = imported.get(settings);
  if (present !== undefined) return present;
  const secrets = [settings.secret, settings.previousSecret].filter((secret) => secret !== undefined);
  const keys = await Promise.all(
    secrets.map(async (secret) => ({ id: await keyId(secret), key: await importKey(secret) })),
  );
  imported.set(settings, keys);
  return keys;
}

function importKey(secret: string): Promise<CryptoKey> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  return crypto.subtle.importKey('raw', new TextEncoder().encode(secret), algorithm, false, ['verify']);
}

/**
 * The user that an access token vouches for. Throws `invalid_token` for everything else, and says no more: the
 * library's messages carry the token.
 */
export async function verifyAccessToken(token: string, settings: TokenSettings): Promise<User> {
  if (token.length > maximumLength) throw invalidToken();
  const keys = await keysOf(settings);
  const { kid } = headerOf(token);
  const candidates = keys.some(({ id }) => id === kid) ? keys.filter(({ id }) => id === kid) : keys;
  for (const { key } of candidates) {
    const user = await verifyWith(key, token, settings);
    if (user !== undefined) return user;
  }
  throw invalidToken();
}

async function verifyWith(key: CryptoKey, token: string, settings: TokenSettings): Promise<User | undefined> {
  try {
    const payload = await verify(token, key, { alg: 'HS256', iss: settings.issuer, aud: settings.audience });
    const { iss, sub, role, email, sid, typ } = claims.parse(payload);
    return {
      kind: 'user',
      role,
      issuer: iss,
      subject: sub,
      email,
      ...(sid === undefined ? {} : { sessionId: sid }),
      ...(typ === 'enrolment' ? { isRestricted: true } : {}),
    };
  } catch {
    return undefined;
  }
}

/** Only a hint at which key to try first: what it says is not trusted. */
function headerOf(token: string): { readonly kid?: unknown } {
  try {
    const header: unknown = JSON.parse(
      atob(token.slice(0, token.indexOf('.')).replaceAll('-', '+').replaceAll('_', '/')),
    );
    return header !== null && typeof header === 'object' ? header : {};
  } catch {
    return {};
  }
}
