import type { CheckoutDetails } from '../checkout/details.ts';
import type { ObjectName, ObjectTypes, StripeObject } from './wire.ts';

export interface StoreSnapshot {
  readonly objects: readonly StripeObject[];
  readonly deleted: readonly { id: string; object: string; deleted: true }[];
  readonly checkouts: readonly (readonly [string, CheckoutDetails])[];
}

/**
 * All state of one sandbox. Objects are values: a change puts a new object in
 * the place of the old one, so that events and answers keep what they saw.
 */
export class Store {
  /** Called after each change. */
  onChange: () => void = () => undefined;
  readonly #kinds = new Map<string, Map<string, StripeObject>>();
  readonly #deleted = new Map<string, { id: string; object: string; deleted: true }>();
  /** What a session was created with and the API does not show. */
  readonly checkouts = new Map<string, CheckoutDetails>();

  /** Adds the object, or replaces the one of the same id in its old place. */
  put<Kind extends StripeObject>(object: Kind): Kind {
    this.#kind(object.object).set(object.id, object);
    this.onChange();
    return object;
  }

  /** The object of this id, whatever it is. */
  find(id: string): StripeObject | undefined {
    for (const kind of this.#kinds.values()) {
      const object = kind.get(id);
      if (object) return object;
    }
    return undefined;
  }

  get<Name extends ObjectName>(name: Name, id: string): ObjectTypes[Name] | undefined {
    const object = this.#kind(name).get(id);
    return object && isA(object, name) ? object : undefined;
  }

  /** Objects that other objects name by id: absence would be a mistake of the sandbox itself. */
  must<Name extends ObjectName>(name: Name, id: string): ObjectTypes[Name] {
    const object = this.get(name, id);
    if (!object) throw new Error(`The sandbox has lost ${name} ${id}.`);
    return object;
  }

  /** All objects of one kind, newest first, as Stripe lists them. */
  all<Name extends ObjectName>(name: Name): ObjectTypes[Name][] {
    const found: ObjectTypes[Name][] = [];
    for (const object of this.#kind(name).values()) if (isA(object, name)) found.push(object);
    return found.toReversed();
  }

  delete(object: StripeObject): { id: string; object: string; deleted: true } {
    const stub = { id: object.id, object: object.object, deleted: true as const };
    this.#kind(object.object).delete(object.id);
    this.#deleted.set(object.id, stub);
    this.onChange();
    return stub;
  }

  deleted(id: string): { id: string; object: string; deleted: true } | undefined {
    return this.#deleted.get(id);
  }

  /** Everything that is known, as JSON can carry it. */
  snapshot(): StoreSnapshot {
    return {
      objects: [...this.#kinds.values()].flatMap((kind) => [...kind.values()]),
      deleted: [...this.#deleted.values()],
      checkouts: [...this.checkouts],
    };
  }

  restore({ objects, deleted, checkouts }: StoreSnapshot): void {
    for (const object of objects) this.put(object);
    for (const stub of deleted) this.#deleted.set(stub.id, stub);
    for (const [id, details] of checkouts) this.checkouts.set(id, details);
  }

  #kind(name: string): Map<string, StripeObject> {
    const known = this.#kinds.get(name);
    if (known) return known;
    const kind = new Map<string, StripeObject>();
    this.#kinds.set(name, kind);
    return kind;
  }
}

function isA<Name extends ObjectName>(
  object: StripeObject,
  name: Name,
): object is ObjectTypes[Name] & StripeObject {
  return object.object === name;
}
