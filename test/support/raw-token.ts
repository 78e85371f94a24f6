import { createHmac } from 'node:crypto';
import { signatureOf } from '../../dev/issuer/keys.ts';
import type { DevIssuer } from '../../dev/issuer/index.ts';
import type { IssuerAlgorithm } from '../../src/core/outside-issuers.ts';

/** A part of a token: an object, or JSON (or what is none) as text or bytes. */
export type Part = Readonly<Record<string, unknown>> | string | Uint8Array;

/** Somebody who may sign tokens: what their good ones are made of. */
export interface Signer {
  readonly header: Readonly<Record<string, unknown>>;
  /** Of a token that is good now. */
  claims(): Readonly<Record<string, unknown>>;
  /** The right signature, in base64url. */
  sign(signed: string): string;
}

export function encodePart(part: Part): string {
  const isWritten = typeof part === 'string' || part instanceof Uint8Array;
  return Buffer.from(isWritten ? part : JSON.stringify(part)).toString('base64url');
}

/** A token of these parts, rightly signed. */
export function signedToken(
  signer: Signer,
  header: Part = signer.header,
  claims: Part = signer.claims(),
): string {
  const signed = `${encodePart(header)}.${encodePart(claims)}`;
  return `${signed}.${signer.sign(signed)}`;
}

export function hmac(secret: string | Uint8Array, signed: string, hash = 'sha256'): string {
  return createHmac(hash, secret).update(signed).digest('base64url');
}

/** A token of these parts, signed with HMAC by any secret. */
export function hmacToken(secret: string | Uint8Array, header: Part, claims: Part, hash = 'sha256'): string {
  const signed = `${encodePart(header)}.${encodePart(claims)}`;
  return `${signed}.${hmac(secret, signed, hash)}`;
}

/** A good token of our own. */
export function ownSigner(tokens: {
  readonly secret: string;
  readonly issuer: string;
  readonly audience: string;
}): Signer {
  return {
    header: { alg: 'HS256', typ: 'JWT' },
    claims: () => ({
      iss: tokens.issuer,
      aud: tokens.audience,
      sub: 'somebody',
      jti: 'one',
      typ: 'access',
      role: 'customer',
      ...nowFor(600),
    }),
    sign: (signed) => hmac(tokens.secret, signed),
  };
}

/** A good token of an outside issuer. */
export function outsideSigner(issuer: DevIssuer, algorithm: IssuerAlgorithm = 'RS256'): Signer {
  return {
    header: { alg: algorithm, typ: 'JWT', kid: issuer.key(algorithm).kid },
    claims: () => ({ iss: issuer.issuer, aud: issuer.audience, sub: 'somebody', jti: 'one', ...nowFor(600) }),
    sign: (signed) => signatureOf(issuer.key(algorithm), signed),
  };
}

/** `iat` and `exp` of a token that is issued now. */
export function nowFor(seconds: number): { readonly iat: number; readonly exp: number } {
  const iat = Math.floor(Date.now() / 1000);
  return { iat, exp: iat + seconds };
}
