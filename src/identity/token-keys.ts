import { verify } from 'hono/jwt';
import { keyId } from './access-token.ts';
import type { TokenParts } from './token-parts.ts';

export interface TokenSecrets {
  readonly secret: string;
  readonly previousSecret: string | undefined;
}

interface VerificationKey {
  /** What the header `kid` of the secret's tokens says. */
  readonly id: string;
  readonly key: CryptoKey;
}

/** Keys, not promises of keys: a promise belongs to the request that made it, and would end with it. */
const imported = new WeakMap<TokenSecrets, readonly VerificationKey[]>();

async function keysOf(secrets: TokenSecrets): Promise<readonly VerificationKey[]> {
  const present = imported.get(secrets);
  if (present !== undefined) return present;
  const texts = [secrets.secret, secrets.previousSecret].filter((secret) => secret !== undefined);
  const keys = await Promise.all(
    texts.map(async (secret) => ({ id: await keyId(secret), key: await importKey(secret) })),
  );
  imported.set(secrets, keys);
  return keys;
}

function importKey(secret: string): Promise<CryptoKey> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  return crypto.subtle.importKey('raw', new TextEncoder().encode(secret), algorithm, false, ['verify']);
}

/** Whether a token names a key of ours in its header. */
export async function namesKeyOf(secrets: TokenSecrets, { header }: TokenParts): Promise<boolean> {
  return (await keysOf(secrets)).some(({ id }) => id === header.kid);
}

/**
 * Whether a token is signed with HS256, by the present secret or the one before: by the one that its `kid` names, by
 * either where it names none of them. Says nothing of the claims.
 */
export async function isSignedBy(secrets: TokenSecrets, { text, header }: TokenParts): Promise<boolean> {
  if (header.alg !== 'HS256') return false;
  const keys = await keysOf(secrets);
  const named = keys.filter(({ id }) => id === header.kid);
  const typ = header.typ === undefined ? {} : { typ: ['JWT', 'at+jwt'] };
  for (const { key } of named.length === 0 ? keys : named) {
    if (await isSignature(verify(text, key, { alg: 'HS256', ...timesUnseen, ...typ }))) return true;
  }
  return false;
}

/** The library lets absent times through, and knows no leeway: they are looked at elsewhere, all of them. */
const timesUnseen = { exp: false, iat: false, nbf: false } as const;

/** The library's messages carry the token: they end here. */
async function isSignature(verifying: Promise<unknown>): Promise<boolean> {
  try {
    await verifying;
    return true;
  } catch {
    return false;
  }
}
