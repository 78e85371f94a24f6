import { atInstant } from '../state/clock.ts';
import type { Context } from '../state/context.ts';
import { imagined } from '../state/events.ts';
import type { EventType } from '../state/wire.ts';
import { nextDue } from './pass.ts';

/** What happens next by itself. */
export interface Foreseen {
  /** Unix seconds. */
  readonly at: number;
  /** The events that will tell of it, in order. */
  readonly types: readonly EventType[];
}

/** What happens next on the context's clock, found out by letting it happen in a copy of the world. */
export function foresee(context: Context): Foreseen | undefined {
  const due = nextDue(context);
  if (!due) return undefined;
  const types: EventType[] = [];
  const events = { emit: (_context: Context, type: EventType) => void types.push(type) };
  due.happen(atInstant({ ...imagined(context), events }, due.at));
  return { at: due.at, types };
}
