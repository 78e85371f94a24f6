import { createHmac } from 'node:crypto';
import { invalid } from '../api/errors.ts';
import { randomText } from '../state/ids.ts';
import type { Store } from '../state/store.ts';

const LONGEST_OVERLAP_SECONDS = 24 * 60 * 60;

interface Secret {
  readonly secret: string;
  /** Unix seconds of the sandbox's own time, from which it signs no more; null: it is the present one. */
  readonly expires_at: number | null;
}

/** The signing secrets of an endpoint, the present one first. */
export interface EndpointSecrets {
  readonly secrets: readonly Secret[];
}

/** A new signing secret that looks like Stripe's. */
export function newSecret(): string {
  return `whsec_${randomText(32)}`;
}

/** Lets `secret` alone sign for the endpoint. */
export function setSecret(store: Store, endpointId: string, secret: string): void {
  store.setFacts('webhook_endpoint', endpointId, { secrets: [{ secret, expires_at: null }] });
}

/** The secrets that sign at `now` (Unix seconds of the sandbox's own time), the present one first. */
export function secretsInForce(store: Store, endpointId: string, now: number): readonly string[] {
  return signingSecrets(store, endpointId, now).map(({ secret }) => secret);
}

/** The same with the time at which each ends. */
export function signingSecrets(store: Store, endpointId: string, now: number): readonly Secret[] {
  const secrets = store.facts('webhook_endpoint', endpointId)?.secrets ?? [];
  return secrets.filter(({ expires_at }) => expires_at === null || expires_at > now);
}

/**
 * Gives the endpoint a new secret; the old one signs beside it for
 * `overlapSeconds`, 24 hours at most
 * (https://docs.stripe.com/webhooks#roll-endpoint-secrets). Returns the new one.
 */
export function rollSecret(store: Store, endpointId: string, now: number, overlapSeconds: number): string {
  if (!Number.isInteger(overlapSeconds) || overlapSeconds < 0 || overlapSeconds > LONGEST_OVERLAP_SECONDS) {
    throw invalid(
      `overlap_seconds must be a whole number from 0 to ${LONGEST_OVERLAP_SECONDS}.`,
      'overlap_seconds',
    );
  }
  const [present = newSecret()] = secretsInForce(store, endpointId, now);
  const old = overlapSeconds > 0 ? [{ secret: present, expires_at: now + overlapSeconds }] : [];
  const secret = newSecret();
  store.setFacts('webhook_endpoint', endpointId, { secrets: [{ secret, expires_at: null }, ...old] });
  return secret;
}

/**
 * The `Stripe-Signature` header: HMAC-SHA256 over `timestamp.body`, one for each
 * secret (https://docs.stripe.com/webhooks#verify-manually). The timestamp is
 * that of the wall clock, whatever time the sandbox plays.
 */
export function signatureHeader(body: string, secrets: readonly string[]): string {
  const timestamp = Math.floor(Date.now() / 1000);
  const signatures = secrets.map((secret) => {
    const digest = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
    return `,v1=${digest}`;
  });
  return `t=${timestamp}${signatures.join('')}`;
}
