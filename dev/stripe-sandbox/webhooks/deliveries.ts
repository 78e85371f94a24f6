import type { Chaos, DeliveryPlan } from '../chaos/chaos.ts';
import { newId } from '../state/ids.ts';
import type { Store } from '../state/store.ts';
import type { EventObject, EventType, ObjectTypes } from '../state/wire.ts';
import { Holding } from './holding.ts';
import { postEvent, type EndpointAnswer } from './post.ts';
import { secretsInForce, signatureHeader } from './secrets.ts';
import { Turns } from './turns.ts';
import { expectDelivery, isUndelivered, markGivenUp, markTaken, waitingFor } from './undelivered.ts';

/** One attempt to bring one event to one endpoint. */
export interface Delivery extends EndpointAnswer {
  readonly id: string;
  readonly event: string;
  readonly type: string;
  readonly endpoint: string;
  readonly url: string;
  readonly attempt: number;
  readonly started_at: string;
  readonly duration_ms: number;
  readonly next_attempt_at: string | null;
}

export interface DeliveryOptions {
  readonly retryDelaysSeconds: readonly number[];
  readonly timeoutSeconds: number;
  readonly log: (line: string) => void;
  /** Unix seconds of the sandbox's own time. */
  readonly now: () => number;
}

interface Job {
  readonly event: EventObject;
  readonly endpoint: string;
  readonly attempt: number;
  /** `due`: the endpoint must get it. `again`: somebody wants it sent once more. `duplicate`: chaos does, once. */
  readonly why: 'due' | 'again' | 'duplicate';
}

/** How many events one endpoint is sent at the same time. */
const AT_ONCE = 5;
const RECORDS_KEPT = 2000;
const NO_CHAOS: DeliveryPlan = {
  isDuplicated: false,
  overtakers: 0,
  overtakenWithinMilliseconds: 0,
  delayMilliseconds: 0,
  burstMilliseconds: 0,
};

/**
 * Sends events to the webhook endpoints that want them, signed and with
 * retries, and records each attempt. An event says the `api_version` of the
 * endpoint; its content always has the shape of the pinned version, since the
 * sandbox knows no other.
 */
export class Deliveries {
  /** The latest attempts, oldest first. */
  readonly records: Delivery[] = [];

  #chaos: Chaos | undefined;
  readonly #store: Store;
  readonly #options: DeliveryOptions;
  readonly #holding = new Holding();
  readonly #turns = new Turns(AT_ONCE);
  readonly #retryTimers = new Set<NodeJS.Timeout>();
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<void>>();
  /** What is due and under way or waits for its next attempt: `event endpoint`. */
  readonly #due = new Set<string>();

  constructor(store: Store, options: DeliveryOptions) {
    this.#store = store;
    this.#options = options;
  }

  /** The enabled endpoints that want events of this type. */
  wanting(type: EventType): ObjectTypes['webhook_endpoint'][] {
    return this.#store
      .all('webhook_endpoint')
      .filter(({ status, enabled_events: [...types] }) => {
        return status === 'enabled' && (types.includes('*') || types.includes(type));
      })
      .toReversed();
  }

  /** Sends a new event to who wants it, and again later where it is not taken. */
  send(event: EventObject, recorded: number): void {
    const endpoints = this.wanting(event.type).map(({ id }) => id);
    expectDelivery(this.#store, event.id, recorded, endpoints);
    for (const endpoint of endpoints) this.#startDue(event, endpoint);
  }

  /** Sends an event once more, to one endpoint or to all that want it. Returns how many those are. */
  sendAgain(event: EventObject, endpointId?: string): number {
    const endpoints = this.wanting(event.type).filter(
      ({ id }) => endpointId === undefined || id === endpointId,
    );
    for (const { id } of endpoints) this.#start({ event, endpoint: id, attempt: 1, why: 'again' });
    return endpoints.length;
  }

  /** Goes on with what an earlier run did not get rid of: for one endpoint or for all that are enabled. */
  resume(endpointId?: string): void {
    for (const { id, status } of this.#store.all('webhook_endpoint')) {
      if (status !== 'enabled' || (endpointId !== undefined && endpointId !== id)) continue;
      for (const eventId of waitingFor(this.#store, id)) {
        this.#startDue(this.#store.must('event', eventId), id);
      }
    }
  }

  /** Lets deliveries misbehave from now on; undefined ends it. What was held back goes out. */
  setChaos(chaos: Chaos | undefined): void {
    this.#chaos = chaos;
    this.#holding.releaseAll();
  }

  /** Resolves when no attempt is under way or held back by chaos; retries that are due later do not count. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#holding.releaseAll();
    for (const timer of this.#retryTimers) clearTimeout(timer);
    this.#retryTimers.clear();
    await this.settled();
  }

  #startDue(event: EventObject, endpoint: string): void {
    const key = `${event.id} ${endpoint}`;
    if (this.#due.has(key)) return;
    this.#due.add(key);
    this.#start({ event, endpoint, attempt: 1, why: 'due' });
  }

  #start(job: Job): void {
    const run = this.#deliver(job).finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  async #deliver(job: Job): Promise<void> {
    // The answer of the API request that caused the event goes out first.
    await new Promise(setImmediate);
    if (job.why === 'due' && job.attempt === 1) await this.#misbehave(job);
    const done = await this.#turns.take(job.endpoint);
    this.#holding.passed(job.endpoint);
    try {
      await this.#attempt(job);
    } finally {
      done();
    }
  }

  async #misbehave(job: Job): Promise<void> {
    const plan = this.#chaos?.planOf(job.event.type) ?? NO_CHAOS;
    if (plan.isDuplicated) this.#start({ ...job, why: 'duplicate' });
    await this.#holding.keep(job.endpoint, plan);
  }

  async #attempt(job: Job): Promise<void> {
    const { attempt, endpoint: endpointId, why } = job;
    if (this.#stop.signal.aborted) return;
    if (why === 'due' && !isUndelivered(this.#store, job.event.id, endpointId)) return this.#end(job);
    const endpoint = this.#store.get('webhook_endpoint', endpointId);
    if (endpoint?.status !== 'enabled') return this.#giveUp(job);
    const startedAt = Date.now();
    const answer = await this.#post(endpoint, this.#store.must('event', job.event.id));
    if (this.#stop.signal.aborted) return;
    const isTaken = answer.status !== null && answer.status >= 200 && answer.status < 300;
    if (isTaken) this.#taken(job);
    const delaySeconds = isTaken || why === 'duplicate' ? undefined : this.#retryLater(job);
    this.#record({
      id: newId('whd_'),
      event: job.event.id,
      type: job.event.type,
      endpoint: endpointId,
      url: endpoint.url,
      attempt,
      started_at: new Date(startedAt).toISOString(),
      duration_ms: Date.now() - startedAt,
      ...answer,
      next_attempt_at:
        delaySeconds === undefined ? null : new Date(Date.now() + delaySeconds * 1000).toISOString(),
    });
  }

  #taken(job: Job): void {
    markTaken(this.#store, job.event.id, job.endpoint);
    this.#end(job);
  }

  #giveUp(job: Job): void {
    if (job.why !== 'due') return;
    markGivenUp(this.#store, job.event.id, job.endpoint);
    this.#end(job);
  }

  #end({ why, event, endpoint }: Job): void {
    if (why === 'due') this.#due.delete(`${event.id} ${endpoint}`);
  }

  #record(delivery: Delivery): void {
    const { type, event, attempt, status, answer } = delivery;
    this.records.push(delivery);
    if (this.records.length > RECORDS_KEPT) this.records.shift();
    this.#options.log(`webhook ${type} ${event} attempt ${attempt}: ${status ?? answer}`);
  }

  /** Returns the seconds until the next attempt; undefined when it was the last. */
  #retryLater(job: Job): number | undefined {
    const delaySeconds = this.#options.retryDelaysSeconds[job.attempt - 1];
    if (delaySeconds === undefined) {
      this.#giveUp(job);
      return undefined;
    }
    const timer = setTimeout(() => {
      this.#retryTimers.delete(timer);
      this.#start({ ...job, attempt: job.attempt + 1 });
    }, delaySeconds * 1000);
    this.#retryTimers.add(timer);
    return delaySeconds;
  }

  #post(endpoint: ObjectTypes['webhook_endpoint'], event: EventObject): Promise<EndpointAnswer> {
    const { timeoutSeconds, now } = this.#options;
    const body = JSON.stringify({ ...event, api_version: endpoint.api_version }, null, 2);
    const signature = signatureHeader(body, secretsInForce(this.#store, endpoint.id, now()));
    return postEvent(endpoint.url, body, signature, timeoutSeconds, this.#stop.signal);
  }
}
