import { atInstant } from '../state/clock.ts';
import type { Context } from '../state/context.ts';
import { imagined } from '../state/imagined.ts';
import type { EventType } from '../state/wire.ts';
import { nextDue } from './pass.ts';

/** What happens next by itself. */
export interface Foreseen {
  /** Unix seconds. */
  readonly at: number;
  /** To whom; null: to nobody that is known. */
  readonly customer: string | null;
  /** The events that will tell of it, in order. */
  readonly types: readonly EventType[];
}

/**
 * What happens next on the context's clock, to this customer or to anybody,
 * found out by letting it happen in a copy of the world.
 */
export function foresee(context: Context, customer?: string): Foreseen | undefined {
  const due = nextDue(context, customer);
  if (!due) return undefined;
  const types: EventType[] = [];
  const events = { emit: (_context: Context, type: EventType) => void types.push(type) };
  due.happen(atInstant({ ...imagined(context), events }, due.at));
  return { at: due.at, customer: due.customer, types };
}
