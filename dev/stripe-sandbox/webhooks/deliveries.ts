import { createHmac } from 'node:crypto';
import { newId } from '../state/ids.ts';
import type { Store } from '../state/store.ts';
import type { EventObject } from '../state/wire.ts';

/** One attempt to bring one event to the webhook endpoint. */
export interface Delivery {
  readonly id: string;
  readonly event: string;
  readonly type: string;
  readonly url: string;
  readonly attempt: number;
  readonly started_at: string;
  readonly duration_ms: number;
  /** The endpoint's answer; null when there was none. */
  readonly status: number | null;
  /** The start of the answer's body, or what went wrong without one. */
  readonly answer: string;
  readonly next_attempt_at: string | null;
}

export interface DeliveryOptions {
  readonly secret: string;
  readonly retryDelaysSeconds: readonly number[];
  readonly timeoutSeconds: number;
  readonly log: (line: string) => void;
}

const ANSWER_CHARACTERS_KEPT = 500;

/** Sends events to the webhook endpoint, signed and with retries, and records each attempt. */
export class Deliveries {
  readonly records: Delivery[] = [];

  #endpoint: { url: string } | undefined;
  #resumed = false;
  readonly #store: Store;
  readonly #options: DeliveryOptions;
  readonly #retryTimers = new Set<NodeJS.Timeout>();
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<void>>();

  constructor(store: Store, options: DeliveryOptions) {
    this.#store = store;
    this.#options = options;
  }

  /** Sends the event now, and again later if it is not taken. */
  send(event: EventObject): void {
    if (this.endpoint) this.#start(event.id, 1);
  }

  get endpoint(): { url: string } | undefined {
    return this.#endpoint;
  }

  /** Where events go from now on. The first endpoint also gets what an earlier run did not get rid of. */
  setEndpoint(endpoint: { url: string } | undefined): void {
    this.#endpoint = endpoint;
    if (endpoint === undefined || this.#resumed) return;
    this.#resumed = true;
    const waiting = this.#store.all('event').filter(({ pending_webhooks }) => pending_webhooks > 0);
    for (const event of waiting.toReversed()) this.send(event);
  }

  /** Resolves when no attempt is under way; retries that are due later do not count. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    for (const timer of this.#retryTimers) clearTimeout(timer);
    this.#retryTimers.clear();
    await this.settled();
  }

  #start(eventId: string, attempt: number): void {
    const run = this.#attempt(eventId, attempt).finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  async #attempt(eventId: string, attempt: number): Promise<void> {
    // The answer of the API request that caused the event goes out first.
    await new Promise(setImmediate);
    const endpoint = this.endpoint;
    if (!endpoint || this.#stop.signal.aborted) return;
    const event = this.#store.must('event', eventId);
    const startedAt = Date.now();
    const answer = await this.#post(endpoint.url, JSON.stringify(event, null, 2));
    if (this.#stop.signal.aborted) return;
    const taken = answer.status !== null && answer.status >= 200 && answer.status < 300;
    const delaySeconds = taken ? undefined : this.#options.retryDelaysSeconds[attempt - 1];
    if (taken) this.#store.put({ ...event, pending_webhooks: 0 });
    if (delaySeconds !== undefined) this.#retryLater(eventId, attempt + 1, delaySeconds);
    this.records.push({
      id: newId('whd_'),
      event: eventId,
      type: event.type,
      url: endpoint.url,
      attempt,
      started_at: new Date(startedAt).toISOString(),
      duration_ms: Date.now() - startedAt,
      ...answer,
      next_attempt_at:
        delaySeconds === undefined ? null : new Date(Date.now() + delaySeconds * 1000).toISOString(),
    });
    this.#options.log(
      `webhook ${event.type} ${eventId} attempt ${attempt}: ${answer.status ?? answer.answer}`,
    );
  }

  #retryLater(eventId: string, attempt: number, delaySeconds: number): void {
    const timer = setTimeout(() => {
      this.#retryTimers.delete(timer);
      this.#start(eventId, attempt);
    }, delaySeconds * 1000);
    this.#retryTimers.add(timer);
  }

  async #post(url: string, body: string): Promise<{ status: number | null; answer: string }> {
    const timeout = AbortSignal.timeout(this.#options.timeoutSeconds * 1000);
    try {
      const response = await fetch(url, {
        method: 'POST',
        body,
        redirect: 'manual',
        signal: AbortSignal.any([timeout, this.#stop.signal]),
        headers: {
          'content-type': 'application/json; charset=utf-8',
          'stripe-signature': signatureHeader(body, this.#options.secret),
          'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
        },
      });
      const answer = (await response.text()).slice(0, ANSWER_CHARACTERS_KEPT);
      return { status: response.status, answer };
    } catch (error) {
      return { status: null, answer: timeout.aborted ? 'timed out' : reasonOf(error) };
    }
  }
}

/**
 * The `Stripe-Signature` header: HMAC-SHA256 over `timestamp.body`
 * (https://docs.stripe.com/webhooks#verify-manually). The timestamp is that of
 * the wall clock, whatever time the sandbox plays.
 */
function signatureHeader(body: string, secret: string): string {
  const timestamp = Math.floor(Date.now() / 1000);
  const signature = createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex');
  return `t=${timestamp},v1=${signature}`;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
