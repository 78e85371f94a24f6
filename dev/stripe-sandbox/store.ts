import type { CheckoutDetails } from './checkout/details.ts';
import type { ObjectName, ObjectTypes, StripeObject } from './wire.ts';

/**
 * All state of one sandbox. Objects are values: a change puts a new object in
 * the place of the old one, so that events and answers keep what they saw.
 */
export class Store {
  readonly #kinds = new Map<string, Map<string, StripeObject>>();
  readonly #deleted = new Map<string, { id: string; object: string; deleted: true }>();
  /** What a session was created with and the API does not show. */
  readonly checkouts = new Map<string, CheckoutDetails>();

  /** Adds the object, or replaces the one of the same id in its old place. */
  put<Kind extends StripeObject>(object: Kind): Kind {
    this.#kind(object.object).set(object.id, object);
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
    return stub;
  }

  deleted(id: string): { id: string; object: string; deleted: true } | undefined {
    return this.#deleted.get(id);
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
