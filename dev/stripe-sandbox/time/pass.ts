import { atClock, atInstant, testClockOf } from '../state/clock.ts';
import type { Context } from '../state/context.ts';
import type { Due } from './due.ts';
import { DUE_SOURCES } from './sources.ts';

const STEPS_AT_MOST = 100_000;

/**
 * Lets happen all that is due on the context's clock up to `until` (Unix
 * seconds), each thing at its own instant, and what follows from it too. It
 * does not set the clock.
 */
export function letPass(context: Context, until: number): void {
  for (let steps = 0; steps < STEPS_AT_MOST; steps += 1) {
    const due = earliest(context, until);
    if (!due) return;
    due.happen(atInstant(context, due.at));
  }
  throw new Error('The sandbox goes round in circles: what is due stays due.');
}

/** Lets happen what the sandbox's own time has reached. */
export function catchUp(context: Context): void {
  letPass(atClock(context, context.sandboxClock), context.sandboxClock.now());
}

/** When the next thing happens on the context's clock; undefined when nothing waits. */
export function nextInstant(context: Context): number | undefined {
  return earliest(context, Infinity)?.at;
}

function earliest({ store, clock }: Context, until: number): Due | undefined {
  let first: Due | undefined;
  for (const source of DUE_SOURCES) {
    for (const due of source(store)) {
      if (due.at > until || (first && due.at >= first.at)) continue;
      if (testClockOf(store, due.customer) === clock.id) first = due;
    }
  }
  return first;
}
