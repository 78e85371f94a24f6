import type { Sealing } from '../core/seal.ts';

const secretBytes = 32;

/** A signing secret as Standard Webhooks writes it: `whsec_` and base64. */
export function makeSecret(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(secretBytes));
  return `whsec_${btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(''))}`;
}

/** What an endpoint's secrets are sealed with: in another endpoint's row they do not open. */
const purposeOf = (endpointId: string) => `endpoint:${endpointId}`;

export function sealSecret(sealing: Sealing, endpointId: string, secret: string): Promise<string> {
  return sealing.seal(secret, purposeOf(endpointId));
}

export function openSecret(sealing: Sealing, endpointId: string, sealed: string): Promise<string> {
  return sealing.open(sealed, purposeOf(endpointId));
}
