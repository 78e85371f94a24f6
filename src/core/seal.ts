import { z } from 'zod';
import { DomainError } from './errors.ts';
import { toHex } from './ids.ts';
import { DescribedFault } from './log.ts';

const nonceBytes = 12;
const tagBytes = 16;

export interface SealingKey {
  /** Stands in what the key sealed, and says which one opens it. */
  readonly version: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const sealingKey = z
  .string()
  .regex(/^[1-9]\d{0,8}:[A-Za-z0-9+/]{43}=$/, 'must be entries like 1:… of 32 random bytes in base64')
  .transform((entry): SealingKey => {
    const [version = '', key = ''] = entry.split(':');
    return { version, bytes: fromBase64(key) };
  })
  .refine(({ bytes }) => new Set(bytes).size >= 10, 'must be random, not a placeholder');

/** `version:base64` of 32 bytes, several separated by commas: the first one seals, all of them open. */
export const sealingKeys = z
  .string()
  .transform((value) => value.split(',').map((entry) => entry.trim()))
  .pipe(z.array(sealingKey))
  .refine((keys) => new Set(keys.map(({ version }) => version)).size === keys.length, {
    error: 'must not name a version twice',
  });

/** Keeps secrets that are stored unreadable to who has the database alone. */
export interface Sealing {
  /**
   * The text under AES-256-GCM with a nonce of its own, as `v<key version>.<base64url>`. It opens only with the same
   * associated data: name in it whose secret this is and what for, so that it is worth nothing in another's row.
   * @throws `sealing_not_configured` without AUTH_ENC_KEY
   */
  seal(text: string, associatedData: string): Promise<string>;
  /**
   * @throws `sealing_not_configured` without AUTH_ENC_KEY
   * @throws {SealBroken} for what was not sealed here, with this associated data, by a key that is still there
   */
  open(sealed: string, associatedData: string): Promise<string>;
  /**
   * What tells the same text again, in hex, and, without AUTH_ENC_KEY, lets nobody try texts out: for what holds a secret
   * that people choose. Another first key gives another one.
   * @throws `sealing_not_configured` without AUTH_ENC_KEY
   */
  fingerprint(text: string): Promise<string>;
}

export type SealBreak = 'malformed' | 'unknown_key' | 'not_authentic';

/** What was sealed does not open: it was altered, moved, or its key is gone. */
export class SealBroken extends DescribedFault {
  override readonly name = 'SealBroken';
  readonly reason: SealBreak;

  constructor(reason: SealBreak) {
    super(`a sealed text does not open: ${reason}`);
    this.reason = reason;
  }

  override describe() {
    return { seal: this.reason };
  }
}

/** Imports each key once; meant to be kept for as long as the isolate lives. */
export function createSealing(keys: readonly SealingKey[]): Sealing {
  const imported = new Map<string, CryptoKey>();
  async function cryptoKey({ version, bytes }: SealingKey): Promise<CryptoKey> {
    // The key is kept, not the promise of it: one request must not wait for what another began.
    const key =
      imported.get(version) ??
      (await crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']));
    imported.set(version, key);
    return key;
  }

  return {
    async seal(text, associatedData) {
      const [key] = keys;
      if (key === undefined) throw notConfigured();
      const nonce = crypto.getRandomValues(new Uint8Array(nonceBytes));
      const algorithm = { name: 'AES-GCM', iv: nonce, additionalData: utf8(associatedData) };
      const sealed = await crypto.subtle.encrypt(algorithm, await cryptoKey(key), utf8(text));
      return `v${key.version}.${toBase64Url(new Uint8Array([...nonce, ...new Uint8Array(sealed)]))}`;
    },
    async open(sealed, associatedData) {
      if (keys.length === 0) throw notConfigured();
      const { version, bytes } = readSealed(sealed);
      const key = keys.find((candidate) => candidate.version === version);
      if (key === undefined) throw new SealBroken('unknown_key');
      const algorithm = {
        name: 'AES-GCM',
        iv: bytes.subarray(0, nonceBytes),
        additionalData: utf8(associatedData),
      };
      const opened = await crypto.subtle
        .decrypt(algorithm, await cryptoKey(key), bytes.subarray(nonceBytes))
        .catch(() => {
          throw new SealBroken('not_authentic');
        });
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(opened);
    },
    async fingerprint(text) {
      const [key] = keys;
      if (key === undefined) throw notConfigured();
      return toHex(new Uint8Array(await crypto.subtle.sign('HMAC', await hmacKey(key), utf8(text))));
    },
  };
}

/** A key of its own, made of the one that seals. */
async function hmacKey({ bytes }: SealingKey): Promise<CryptoKey> {
  const derived = await crypto.subtle.digest('SHA-256', new Uint8Array([...fingerprintLabel, ...bytes]));
  return crypto.subtle.importKey('raw', derived, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
}

const fingerprintLabel = new TextEncoder().encode('ratecard fingerprint');

function readSealed(sealed: string): { version: string; bytes: Uint8Array<ArrayBuffer> } {
  const [, version = '', text = ''] = /^v([1-9]\d{0,8})\.([\w-]+)$/.exec(sealed) ?? [];
  const bytes = fromBase64Url(text);
  // Bits that the last character has beyond the last byte could be altered unseen.
  if (bytes === undefined || bytes.length < nonceBytes + tagBytes || toBase64Url(bytes) !== text) {
    throw new SealBroken('malformed');
  }
  return { version, bytes };
}

function notConfigured(): DomainError {
  return new DomainError(
    'unavailable',
    'sealing_not_configured',
    'This installation keeps no secrets: AUTH_ENC_KEY is not set.',
  );
}

/** Half a surrogate pair has no bytes in UTF-8: two texts would become one, and come back as neither. */
function utf8(text: string): BufferSource {
  if (!text.isWellFormed()) throw new Error('half a surrogate pair cannot be sealed');
  return new TextEncoder().encode(text);
}

function toBase64Url(bytes: Uint8Array): string {
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('=', '').replaceAll('+', '-').replaceAll('/', '_');
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return fromBase64(text.replaceAll('-', '+').replaceAll('_', '/'));
  } catch {
    return undefined;
  }
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
