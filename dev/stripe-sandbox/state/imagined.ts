import type { Context } from './context.ts';
import type { Events } from './events.ts';

/** For what is only imagined. */
const SILENCE: Events = { emit: () => undefined };

/** A copy of the world, in which something can be done to see what would come of it. */
export function imagined(context: Context): Context {
  return { ...context, store: context.store.fork(), events: SILENCE };
}

/** Does something as a whole or not at all: what it throws it throws in an imagined world, before anything is kept. */
export function allOrNothing<Result>(context: Context, work: (world: Context) => Result): Result {
  work(imagined(context));
  return work(context);
}
