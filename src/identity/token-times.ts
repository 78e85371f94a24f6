import { z } from 'zod';
import { systemClock } from '../core/time.ts';

/** How far another machine's clock may be from ours. */
const leewaySeconds = 5;

/** Seconds since 1970, with or without a fraction, before the year 10000. */
export const tokenTime = z.number().min(0).max(253_402_300_799);

interface TokenTimes {
  readonly exp: number;
  readonly iat?: number | undefined;
  readonly nbf?: number | undefined;
}

/** Whether a token is good at this moment: not over, neither issued nor to begin in the future. */
export function isOfNow({ exp, iat = 0, nbf = 0 }: TokenTimes): boolean {
  const now = systemClock.now().getTime() / 1000;
  return exp > now && iat <= now + leewaySeconds && nbf <= now + leewaySeconds;
}
