import { addSeconds, type Clock } from '../core/time.ts';
import { rateLimits } from './rate-limits.ts';

const rememberedAtMost = 10_000;

/** Which addresses have brought so many bad credentials to this isolate that it asks nobody about the next one. */
export interface Guesses {
  /** Notes a credential that proved nobody. */
  note(address: string): void;
  areTooMany(address: string): boolean;
}

interface Noted {
  readonly count: number;
  readonly until: Date;
}

/**
 * Counts for a minute, as the rate limiter does. That one counts an address for all that comes from there: a back end
 * whose pages ask a lot must not have its keys refused for it.
 */
export function createGuesses(clock: Clock): Guesses {
  const { quota, windowSeconds } = rateLimits.general;
  const addresses = new Map<string, Noted>();
  const present = (address: string): Noted | undefined => {
    const noted = addresses.get(address);
    return noted !== undefined && noted.until > clock.now() ? noted : undefined;
  };
  return {
    note(address) {
      const { count, until } = present(address) ?? {
        count: 0,
        until: addSeconds(clock.now(), windowSeconds),
      };
      addresses.delete(address);
      addresses.set(address, { count: count + 1, until });
      for (const oldest of addresses.keys()) {
        if (addresses.size <= rememberedAtMost) break;
        addresses.delete(oldest);
      }
    },
    areTooMany: (address) => (present(address)?.count ?? 0) >= quota,
  };
}
