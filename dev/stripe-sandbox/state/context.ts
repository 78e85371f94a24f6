import type { EventLog } from './events.ts';
import type { Store } from './store.ts';
import type { EventType, StripeObject } from './wire.ts';

/** What every operation and page works with. */
export interface Context {
  readonly store: Store;
  /** Present time in Unix seconds. */
  readonly now: () => number;
  /** Where this sandbox is reached, without a trailing slash. */
  readonly url: string;
  readonly events: EventLog;
  /** The API request that causes what happens; both null when a person or time does. */
  readonly cause: Cause;
}

export interface Cause {
  readonly id: string | null;
  readonly idempotency_key: string | null;
}

/** Keeps a new object and tells it to the world. */
export function add<Kind extends StripeObject>(context: Context, object: Kind, event?: EventType): Kind {
  context.store.put(object);
  if (event) context.events.emit(context, event, object);
  return object;
}

/**
 * Replaces members of an object. With `event`, tells the change with its
 * previous attributes; a change that changes nothing tells nothing.
 */
export function change<Kind extends StripeObject>(
  context: Context,
  object: Kind,
  patch: Partial<Kind>,
  event?: EventType,
): Kind {
  const changed = context.store.put({ ...object, ...patch });
  const previous = previousAttributes(object, changed);
  if (event && Object.keys(previous).length > 0) context.events.emit(context, event, changed, previous);
  return changed;
}

function previousAttributes(before: object, after: object): Record<string, unknown> {
  const old = new Map<string, unknown>(Object.entries(before));
  return Object.fromEntries(
    Object.entries(after)
      .filter(([key, value]) => JSON.stringify(old.get(key)) !== JSON.stringify(value))
      .map(([key]) => [key, old.get(key) ?? null]),
  );
}
