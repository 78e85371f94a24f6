import type { User } from '../core/actor.ts';
import { isOfNow, type TokenTimes } from './token-times.ts';

/** An access token whose signature and claims were found good, to the letter. */
export interface VerifiedToken {
  readonly user: User;
  readonly times: TokenTimes;
}

/** Of more tokens than this an isolate forgets the one that it learned first. */
const rememberedAtMost = 2000;

/**
 * Access tokens of ours that an isolate has verified: what was good stays so until its time is over, and a client asks
 * many times with one token. Whether its session is still open, the database is asked in each request.
 */
export class TokenMemory {
  readonly #verified = new Map<string, VerifiedToken>();

  find(text: string): User | undefined {
    const known = this.#verified.get(text);
    if (known === undefined || isOfNow(known.times)) return known?.user;
    this.#verified.delete(text);
    return undefined;
  }

  keep(text: string, verified: VerifiedToken): void {
    const [oldest] = this.#verified.keys();
    if (oldest !== undefined && this.#verified.size >= rememberedAtMost) this.#verified.delete(oldest);
    this.#verified.set(text, verified);
  }
}
