import { invalid, StripeFailure } from './errors.ts';

/** A finished answer of the API. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

interface Entry {
  readonly fingerprint: string;
  readonly since: number;
  answer?: Answer;
}

const LONGEST_KEY = 255;
const KEPT_SECONDS = 24 * 60 * 60;

/** The answers given for each Idempotency-Key (https://docs.stripe.com/api/idempotent_requests). */
export class IdempotencyKeys {
  readonly #entries = new Map<string, Entry>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Reserves `key` for a request and returns undefined, or returns the answer
   * that the same request got before. `fingerprint` says what "the same" is.
   */
  begin(key: string, fingerprint: string): Answer | undefined {
    if (key.length > LONGEST_KEY) {
      throw invalid(`Idempotency keys can be at most ${LONGEST_KEY} characters.`);
    }
    const known = this.#entries.get(key);
    if (!known || this.#now() - known.since >= KEPT_SECONDS) {
      this.#entries.set(key, { fingerprint, since: this.#now() });
      return undefined;
    }
    if (known.fingerprint !== fingerprint) {
      throw new StripeFailure(400, {
        type: 'idempotency_error',
        message: `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
      });
    }
    if (!known.answer) {
      throw new StripeFailure(409, {
        type: 'idempotency_error',
        code: 'idempotency_key_in_use',
        message: `There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through): ${key}. Please try again later.`,
      });
    }
    return known.answer;
  }

  /** Keeps the answer for replays. */
  finish(key: string, answer: Answer): void {
    const entry = this.#entries.get(key);
    if (entry) entry.answer = answer;
  }

  /** Forgets a request that never began its work. */
  release(key: string): void {
    this.#entries.delete(key);
  }
}
