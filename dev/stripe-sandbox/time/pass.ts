import { atClock, atInstant } from '../state/clock.ts';
import type { Context } from '../state/context.ts';
import type { Store } from '../state/store.ts';
import type { Due } from './due.ts';
import { DUE_SOURCES } from './sources.ts';

/** More than one instant can hold. */
const STEPS_AT_MOST = 100_000;

/**
 * Lets happen all that is due on the context's clock up to `until` (Unix
 * seconds), each thing at its own instant, and what follows from it too. It
 * does not set the clock. Returns the instant of what happens next, or Infinity.
 */
export function letPass(context: Context, until: number): number {
  let instant = -Infinity;
  for (let steps = 0; steps < STEPS_AT_MOST; steps += 1) {
    const due = nextDue(context);
    if (!due || due.at > until) return due?.at ?? Infinity;
    if (due.at > instant) steps = 0;
    instant = due.at;
    due.happen(atInstant(context, due.at));
  }
  throw new Error('The sandbox goes round in circles: what is due stays due.');
}

/** Until when nothing happens in a store of that revision by the sandbox's own time. */
const calm = new WeakMap<Store, { readonly revision: number; readonly until: number }>();

/** Lets happen what the sandbox's own time has reached. Costs nothing when nothing has changed. */
export function catchUp(context: Context): void {
  const { store, sandboxClock } = context;
  const now = sandboxClock.now();
  const known = calm.get(store);
  if (known?.revision === store.revision && now < known.until) return;
  const until = letPass(atClock(context, sandboxClock), now);
  calm.set(store, { revision: store.revision, until });
}

/** What is due first on the context's clock; of the same instant the first in the sources' order. */
export function nextDue({ store, clock }: Context): Due | undefined {
  let first: Due | undefined;
  for (const source of DUE_SOURCES) {
    for (const due of source(store)) {
      if (first && due.at >= first.at) continue;
      if (livesOn(store, due.customer, clock.id)) first = due;
    }
  }
  return first;
}

/** Of a deleted customer nothing happens any more. */
function livesOn(store: Store, customerId: string | null, clockId: string | null): boolean {
  if (customerId === null) return clockId === null;
  const customer = store.get('customer', customerId);
  return customer !== undefined && customer.test_clock === clockId;
}
