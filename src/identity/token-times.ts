import { z } from 'zod';
import { systemClock } from '../core/time.ts';

/** No token of access lives longer, whoever signed it. */
export const maximumLifeSeconds = 24 * 60 * 60;
/** How far another machine's clock may be from ours. */
export const leewaySeconds = 5;

/** Seconds since 1970, with or without a fraction, before the year 10000. */
export const tokenTime = z.number().min(0).max(253_402_300_799);

export interface TokenTimes {
  readonly exp: number;
  readonly iat?: number | undefined;
  readonly nbf?: number | undefined;
}

/** Whether a token is good at this moment: not over (by a grace), neither issued nor to begin in the future. */
export function isOfNow({ exp, iat = 0, nbf = 0 }: TokenTimes, graceSeconds = 0): boolean {
  const now = systemClock.now().getTime() / 1000;
  return exp + graceSeconds > now && iat <= now + leewaySeconds && nbf <= now + leewaySeconds;
}
