import { generateKeyPair, randomUUID, sign, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { IssuerAlgorithm } from '../../src/core/outside-issuers.ts';

/** A key that tokens are signed with. */
export interface IssuerKey {
  readonly kid: string;
  readonly algorithm: IssuerAlgorithm;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export type IssuerKeys = Readonly<Record<IssuerAlgorithm, IssuerKey>>;

const generate = promisify(generateKeyPair);

/** One key for each algorithm. */
export async function newKeys(): Promise<IssuerKeys> {
  const [rsa, ec, ed] = await Promise.all([
    generate('rsa', { modulusLength: 2048 }),
    generate('ec', { namedCurve: 'P-256' }),
    generate('ed25519'),
  ]);
  return {
    RS256: { kid: randomUUID(), algorithm: 'RS256', ...rsa },
    ES256: { kid: randomUUID(), algorithm: 'ES256', ...ec },
    EdDSA: { kid: randomUUID(), algorithm: 'EdDSA', ...ed },
  };
}

/** As it is published (RFC 7517). */
export function publicJwk({ kid, algorithm, publicKey }: IssuerKey): Readonly<Record<string, unknown>> {
  return { ...publicKey.export({ format: 'jwk' }), kid, alg: algorithm, use: 'sig' };
}

/** The signature of a token's first two parts, in base64url (RFC 7518 §3, RFC 8037 §3.1). */
export function signatureOf({ algorithm, privateKey }: IssuerKey, signed: string): string {
  const hash = algorithm === 'EdDSA' ? null : 'sha256';
  return sign(hash, Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString(
    'base64url',
  );
}
