import type { SavedAnswer, Store } from '../state/store.ts';
import { invalid, StripeFailure } from './errors.ts';
import type { Form, FormValue } from './form.ts';

/** A finished answer of the API. */
export type Answer = Pick<SavedAnswer, 'status' | 'headers' | 'body'>;

const LONGEST_KEY = 255;
const KEPT_SECONDS = 24 * 60 * 60;

/** What makes a request the same as another. */
export function fingerprintOf(method: string, path: string, form: Form): string {
  return JSON.stringify([method, path, sorted(form)]);
}

/** The same parameters in the order of their names: in which they were sent does not matter. */
function sorted(value: FormValue): FormValue {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(sorted);
  const entries = Object.entries(value).map(([name, inner]): [string, FormValue] => [name, sorted(inner)]);
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * The answers given for each Idempotency-Key (https://docs.stripe.com/api/idempotent_requests).
 * They live in the store for 24 hours of the sandbox's own time.
 */
export class IdempotencyKeys {
  /** The requests that are not answered yet, by their keys. */
  readonly #underway = new Map<string, string>();
  readonly #store: Store;
  readonly #now: () => number;

  constructor(store: Store, now: () => number) {
    this.#store = store;
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
    const saved = this.#saved(key);
    const known = this.#underway.get(key) ?? saved?.fingerprint;
    if (known === undefined) {
      this.#underway.set(key, fingerprint);
      return undefined;
    }
    if (known !== fingerprint) {
      throw new StripeFailure(400, {
        type: 'idempotency_error',
        message: `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
      });
    }
    if (!saved) {
      throw new StripeFailure(409, {
        type: 'idempotency_error',
        code: 'idempotency_key_in_use',
        message: `There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through): ${key}. Please try again later.`,
      });
    }
    return saved;
  }

  /** Keeps the answer for replays. */
  finish(key: string, { status, headers, body }: Answer): void {
    const fingerprint = this.#underway.get(key) ?? '';
    const now = this.#now();
    this.#store.saveAnswer(key, { fingerprint, since: now, status, headers, body }, now - KEPT_SECONDS);
    this.release(key);
  }

  /** Forgets a request that never began its work. */
  release(key: string): void {
    this.#underway.delete(key);
  }

  #saved(key: string): SavedAnswer | undefined {
    const saved = this.#store.savedAnswer(key);
    return saved && this.#now() - saved.since < KEPT_SECONDS ? saved : undefined;
  }
}
