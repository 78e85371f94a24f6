import type { Context } from './context.ts';
import type { Store } from './store.ts';

/**
 * A time that objects live in: that of a test clock, for its customers and all
 * that is theirs, or the sandbox's own.
 */
export interface Clock {
  /** The test clock's id; null: the sandbox's own time. */
  readonly id: string | null;
  /** Unix seconds. */
  now(): number;
}

/** The sandbox's own time: the wall clock's, as far ahead as somebody has set it. */
export function sandboxClock(store: Store, wallClock: () => Date): Clock {
  return { id: null, now: () => Math.floor(wallClock().getTime() / 1000) + store.secondsAhead };
}

/** The context of what happens to this customer's objects: their time may be a test clock's. */
export function inTimeOf(context: Context, customerId: string | null | undefined): Context {
  const id = testClockOf(context.store, customerId);
  if (id === context.clock.id) return context;
  return atClock(context, id === null ? context.sandboxClock : testClock(context.store, id));
}

/** The context at a fixed instant of the same clock: for what was due then. */
export function atInstant(context: Context, seconds: number): Context {
  return atClock(context, { id: context.clock.id, now: () => seconds });
}

/** The context of what happens in the time of this clock. */
export function atClock(context: Context, clock: Clock): Context {
  return { ...context, clock, now: () => clock.now() };
}

/** The time of a test clock: it stands still until somebody advances it. */
export function testClock(store: Store, id: string): Clock {
  return { id, now: () => store.must('test_helpers.test_clock', id).frozen_time };
}

/** The test clock of a customer; null when there is none, or no such customer. */
export function testClockOf(store: Store, customerId: string | null | undefined): string | null {
  const customer = customerId ? store.get('customer', customerId) : undefined;
  return customer?.test_clock ?? null;
}

/** Whose object an id names: itself, when it is a customer's. */
export function customerOf(store: Store, id: string): string | null {
  const object = store.find(id);
  if (!object) return null;
  if (object.object === 'customer') return object.id;
  if (object.object === 'dispute') return customerOf(store, object.charge);
  return 'customer' in object ? object.customer : null;
}
