import type { Clock } from './clock.ts';
import type { Events } from './events.ts';
import type { Store } from './store.ts';
import type { EventType, StripeObject } from './wire.ts';

/** What every operation and page works with. */
export interface Context {
  readonly store: Store;
  /** The time of the objects at hand. */
  readonly clock: Clock;
  /** The time of objects without a test clock. */
  readonly sandboxClock: Clock;
  /** `clock`'s present time in Unix seconds. */
  readonly now: () => number;
  /** Where this sandbox is reached, without a trailing slash. */
  readonly url: string;
  readonly events: Events;
  /** The API request that causes what happens; both null when a person or time does. */
  readonly cause: Cause;
}

export interface Cause {
  readonly id: string | null;
  readonly idempotency_key: string | null;
}

/** Nobody's request: time, or a person on a page. */
export const NO_REQUEST: Cause = { id: null, idempotency_key: null };

/** Keeps a new object and tells it to the world. */
export function add<Kind extends StripeObject>(context: Context, object: Kind, ...events: EventType[]): Kind {
  context.store.put(object);
  for (const event of events) context.events.emit(context, event, object);
  return object;
}

/**
 * Replaces members of an object and tells it by each of the events, in order.
 * An `….updated` is told only if something changed.
 */
export function change<Kind extends StripeObject>(
  context: Context,
  object: Kind,
  patch: Partial<Kind>,
  ...events: EventType[]
): Kind {
  return replace(context, object, { ...object, ...patch }, ...events);
}

/** As `change`, for an object that also loses members. */
export function replace<Kind extends StripeObject>(
  context: Context,
  object: Kind,
  by: Kind,
  ...events: EventType[]
): Kind {
  const changed = context.store.put(by);
  const previous = previousAttributes(object, changed);
  const isSame = Object.keys(previous).length === 0;
  for (const event of events) {
    if (isSame && event.endsWith('.updated')) continue;
    context.events.emit(context, event, changed, tellsPrevious(event) ? previous : undefined);
  }
  return changed;
}

const TELL_PREVIOUS: ReadonlySet<EventType> = new Set([
  'charge.dispute.closed',
  'charge.refunded',
  'payment_method.detached',
]);

/** Which events carry `previous_attributes`: those that are about a change of an object's members. */
function tellsPrevious(event: EventType): boolean {
  return event.endsWith('.updated') || TELL_PREVIOUS.has(event);
}

/** The old values of what is new; of hashes only the members that changed, of lists all. */
export function previousAttributes(before: object, after: object): Record<string, unknown> {
  const old = new Map<string, unknown>(Object.entries(before));
  const current = new Map<string, unknown>(Object.entries(after));
  const previous = new Map<string, unknown>();
  for (const key of new Set([...old.keys(), ...current.keys()])) {
    const was = old.get(key) ?? null;
    const is = current.get(key) ?? null;
    if (JSON.stringify(was) === JSON.stringify(is)) continue;
    previous.set(key, isHash(was) && isHash(is) ? previousAttributes(was, is) : was);
  }
  return Object.fromEntries(previous);
}

function isHash(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
