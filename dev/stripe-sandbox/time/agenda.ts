import type { Store } from '../state/store.ts';
import type { ObjectName } from '../state/wire.ts';
import type { Due, DueSource } from './due.ts';

/** A test clock's id; null: the sandbox's own time. */
type ClockId = string | null;

/** An object that may wait for something. */
interface Waiting {
  readonly source: DueSource;
  readonly id: string;
  /** Its place among what is due at the same instant. */
  readonly rank: number;
  readonly age: number;
  entries: readonly Entry[];
}

interface Entry {
  readonly at: number;
  readonly clock: ClockId;
  readonly customer: string | null;
  readonly waiting: Waiting;
}

/**
 * All that waits for its time in a store, in order. It looks again only at what
 * has changed in the store, so that it stays fast with thousands of objects.
 */
export class Agenda {
  readonly #store: Store;
  readonly #sources: ReadonlyMap<ObjectName, readonly [source: DueSource, rank: number]>;
  readonly #waiting = new Map<string, Waiting>();
  readonly #changed = new Set<Waiting>();
  readonly #queues = new Map<ClockId, Entry[]>();
  readonly #reached = new Map<ClockId, number>();

  /** At the same instant happens first what comes first in `sources`, then what is older. */
  constructor(store: Store, sources: readonly DueSource[]) {
    this.#store = store;
    this.#sources = new Map(sources.map((source, rank) => [source.kind, [source, rank]]));
    for (const { kind } of sources) for (const { id } of store.each(kind)) this.#note(kind, id);
    store.watch((kind, id) => this.#note(kind, id));
  }

  /** Until when all has happened on a clock, as far as this agenda knows: Unix seconds. */
  reached(clock: ClockId): number {
    const frozen =
      clock === null ? undefined : this.#store.get('test_helpers.test_clock', clock)?.frozen_time;
    return Math.max(this.#reached.get(clock) ?? -Infinity, frozen ?? -Infinity);
  }

  reach(clock: ClockId, instant: number): void {
    this.#reached.set(clock, Math.max(this.reached(clock), instant));
  }

  /** What is due first on a clock, of one customer or of anybody. */
  first(clock: ClockId, customer?: string): Due | undefined {
    for (;;) {
      for (const waiting of this.#changed) this.#look(waiting);
      this.#changed.clear();
      const entry = this.#queues
        .get(clock)
        ?.find((one) => customer === undefined || one.customer === customer);
      if (!entry) return undefined;
      const due = this.#duesOf(entry.waiting).find(
        ([one, id]) => one.at === entry.at && one.customer === entry.customer && id === clock,
      )?.[0];
      if (due) return due;
      this.#changed.add(entry.waiting);
    }
  }

  #note(kind: ObjectName, id: string): void {
    // Who deletes a customer leaves what banks still do to another clock.
    if (kind === 'customer' && !this.#store.get(kind, id)) {
      for (const waiting of this.#waiting.values()) this.#changed.add(waiting);
    }
    const found = this.#sources.get(kind);
    if (!found) return;
    const key = `${kind} ${id}`;
    const [source, rank] = found;
    const waiting = this.#waiting.get(key) ?? { source, id, rank, age: this.#waiting.size, entries: [] };
    this.#waiting.set(key, waiting);
    this.#changed.add(waiting);
  }

  #look(waiting: Waiting): void {
    for (const entry of waiting.entries) {
      const queue = this.#queueOf(entry.clock);
      queue.splice(placeOf(queue, entry), 1);
    }
    waiting.entries = this.#duesOf(waiting).map(([{ at, customer }, clock]) => ({
      at,
      clock,
      customer,
      waiting,
    }));
    for (const entry of waiting.entries) {
      const queue = this.#queueOf(entry.clock);
      queue.splice(placeOf(queue, entry), 0, entry);
    }
  }

  /** Of a deleted customer nothing happens any more, but what banks do. */
  #duesOf({ source, id }: Waiting): (readonly [Due, ClockId])[] {
    return source.duesOf(this.#store, id).flatMap((due) => {
      if (due.customer === null) return [[due, null] as const];
      const customer = this.#store.get('customer', due.customer);
      if (!customer) return due.outlivesCustomer ? [[due, null] as const] : [];
      return [[due, customer.test_clock ?? null] as const];
    });
  }

  #queueOf(clock: ClockId): Entry[] {
    const known = this.#queues.get(clock);
    if (known) return known;
    const queue: Entry[] = [];
    this.#queues.set(clock, queue);
    return queue;
  }
}

/** Where an entry is in a queue that is in order, or belongs. */
function placeOf(queue: readonly Entry[], entry: Entry): number {
  let [low, high] = [0, queue.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = queue[middle];
    if (other && isBefore(other, entry)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isBefore(one: Entry, other: Entry): boolean {
  if (one.at !== other.at) return one.at < other.at;
  const [a, b] = [one.waiting, other.waiting];
  return a.rank === b.rank ? a.age < b.age : a.rank < b.rank;
}
