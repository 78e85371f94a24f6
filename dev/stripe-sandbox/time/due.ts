import { customerOf } from '../state/clock.ts';
import type { Context } from '../state/context.ts';
import type { Store } from '../state/store.ts';
import type { ObjectName, ObjectTypes } from '../state/wire.ts';

/** Something that an object waits for. */
export interface Wait<Kind> {
  /** Unix seconds; null: it does not wait for this now. */
  readonly at: number | null;
  /** Does it to the object as it is then. It must change the object, or its facts, so that it waits for this no more. */
  readonly happen: (context: Context, object: Kind) => unknown;
}

/** Something that happens by itself when its time has come. */
export interface Due {
  /** Unix seconds. */
  readonly at: number;
  /** Whose clock counts; null: the sandbox's own. */
  readonly customer: string | null;
  /** It happens, by the sandbox's own clock, even when the customer is deleted. */
  readonly outlivesCustomer: boolean;
  readonly happen: (context: Context) => void;
}

/** What waits for its time in objects of one kind. */
export interface DueSource {
  readonly kind: ObjectName;
  readonly duesOf: (store: Store, id: string) => readonly Due[];
}

/**
 * A source of what happens by itself. `waitsOf` is asked again when the object
 * or its facts have changed, and before it happens: what it says must follow
 * from these. `clock` says whose time counts, the customer's or the sandbox's;
 * what a bank does, it does by the customer's clock, but also without the customer.
 */
export function dueOf<Name extends ObjectName>(
  kind: Name,
  waitsOf: (store: Store, object: ObjectTypes[Name]) => readonly Wait<ObjectTypes[Name]>[],
  clock: 'customer' | 'bank' | 'sandbox' = 'customer',
): DueSource {
  return {
    kind,
    duesOf(store, id) {
      const object = store.get(kind, id);
      if (!object) return [];
      const customer = clock === 'sandbox' ? null : customerOf(store, id);
      const outlivesCustomer = clock === 'bank';
      return waitsOf(store, object).flatMap(({ at, happen }) =>
        at === null
          ? []
          : [
              {
                at,
                customer,
                outlivesCustomer,
                happen: (context) => void happen(context, context.store.must(kind, id)),
              },
            ],
      );
    },
  };
}
