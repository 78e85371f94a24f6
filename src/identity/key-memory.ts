import type { User } from '../core/actor.ts';
import { addSeconds, type Clock } from '../core/time.ts';

/**
 * How long an isolate takes a key for good without asking again. A key that is revoked opens nothing after that, plus the
 * time that the asking takes: 30 s are promised.
 */
const rememberedSeconds = 20;
const rememberedAtMost = 1000;

/** The keys that an isolate has just asked the database about. It knows them by their SHA-256: none is in memory. */
export interface KeyMemory {
  /** Who a key proves; undefined: ask the database. */
  recall(hash: string): User | undefined;
  /** Keeps what was asked for at `askedAt` of a key that has so many seconds to live. */
  keep(hash: string, user: User, askedAt: Date, secondsLeft: number): void;
  /** For a key that is revoked here: this isolate need not wait. */
  forget(keyId: string): void;
  now(): Date;
}

interface Remembered {
  readonly user: User;
  readonly until: Date;
}

/** Knows only keys that are good, and of them those that were used last. */
export function createKeyMemory(clock: Clock, atMost = rememberedAtMost): KeyMemory {
  const keys = new Map<string, Remembered>();
  return {
    recall(hash) {
      const remembered = keys.get(hash);
      if (remembered === undefined) return undefined;
      keys.delete(hash);
      if (remembered.until <= clock.now()) return undefined;
      keys.set(hash, remembered);
      return remembered.user;
    },
    keep(hash, user, askedAt, secondsLeft) {
      keys.delete(hash);
      keys.set(hash, { user, until: addSeconds(askedAt, Math.min(rememberedSeconds, secondsLeft)) });
      for (const oldest of keys.keys()) {
        if (keys.size <= atMost) break;
        keys.delete(oldest);
      }
    },
    forget(keyId) {
      for (const [hash, { user }] of keys) if (user.keyId === keyId) keys.delete(hash);
    },
    now: () => clock.now(),
  };
}
