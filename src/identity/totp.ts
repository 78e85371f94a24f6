import { Secret, TOTP } from 'otpauth';
import type { Clock } from '../core/time.ts';

const periodSeconds = 30;

/** How authenticator apps name the account. SHA-1, six digits and 30 s are what all of them know (RFC 6238). */
export function totpOf(secret: string, label = 'Ratecard'): TOTP {
  return new TOTP({
    issuer: 'Ratecard',
    label,
    algorithm: 'SHA1',
    digits: 6,
    period: periodSeconds,
    secret: Secret.fromBase32(secret),
  });
}

/**
 * The step of 30 s, counted from 1970, whose code this is: the present one, or one beside it, for clocks that are a
 * little off. Undefined for a code that is wrong.
 */
export function stepOfCode(secret: string, code: string, clock: Clock): number | undefined {
  const timestamp = clock.now().getTime();
  const delta = totpOf(secret).validate({ token: code, timestamp, window: 1 });
  return delta === null ? undefined : Math.floor(timestamp / (periodSeconds * 1000)) + delta;
}

/** What a TOTP secret is sealed with: it opens in its user's row alone. */
export function totpPurpose(userId: string): string {
  return `totp:${userId}`;
}
