import type { Context } from '../state/context.ts';
import type { Store } from '../state/store.ts';

/** Something that happens by itself when its time has come. */
export interface Due {
  /** Unix seconds. */
  readonly at: number;
  /** Whose clock counts; null: the sandbox's own. */
  readonly customer: string | null;
  /** Does it. It must change the state so that the same thing is due no more. */
  readonly happen: (context: Context) => void;
}

/** What waits for its time among the objects of a store. */
export type DueSource = (store: Store) => Iterable<Due>;
