import { timingSafeEqual } from 'node:crypto';
import { sha256, toHex } from '../core/ids.ts';

/** What a secret of ours begins with: a scanner knows what it has found. */
export const secretPrefixes = {
  refreshToken: 'rcr_',
  cookie: 'rcs_',
  challenge: 'rcc_',
  link: 'rcl_',
} as const satisfies Record<string, string>;

/** 256 random bits, in base64url behind their prefix. */
export function newSecret(kind: keyof typeof secretPrefixes): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  const text = btoa(String.fromCharCode(...bytes));
  return secretPrefixes[kind] + text.replaceAll('=', '').replaceAll('+', '-').replaceAll('/', '_');
}

/** What is stored of a secret that is random enough to need no salt. */
export async function hashOf(secret: string): Promise<string> {
  return toHex(await sha256(secret));
}

/** Whether two hashes are the same, in a time that tells nothing of where they differ. */
export function isSameHash(one: string, other: string): boolean {
  const encoder = new TextEncoder();
  return one.length === other.length && timingSafeEqual(encoder.encode(one), encoder.encode(other));
}
