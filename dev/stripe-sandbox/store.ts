import type { CheckoutDetails } from './checkout/details.ts';
import type { ObjectName, ObjectTypes, StripeObject } from './wire.ts';

/**
 * All state of one sandbox. Objects are values: a change puts a new object in
 * the place of the old one, so that events and answers keep what they saw.
 */
export class Store {
  readonly #objects = new Map<string, StripeObject>();
  readonly #deleted = new Map<string, { id: string; object: string; deleted: true }>();
  /** What a session was created with and the API does not show. */
  readonly checkouts = new Map<string, CheckoutDetails>();

  /** Adds the object, or replaces the one of the same id in its old place. */
  put<Kind extends StripeObject>(object: Kind): Kind {
    this.#objects.set(object.id, object);
    return object;
  }

  find(id: string): StripeObject | undefined {
    return this.#objects.get(id);
  }

  get<Name extends ObjectName>(name: Name, id: string): ObjectTypes[Name] | undefined {
    const object = this.#objects.get(id);
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
    for (const object of this.#objects.values()) if (isA(object, name)) found.push(object);
    return found.toReversed();
  }

  delete(object: StripeObject): { id: string; object: string; deleted: true } {
    const stub = { id: object.id, object: object.object, deleted: true as const };
    this.#objects.delete(object.id);
    this.#deleted.set(object.id, stub);
    return stub;
  }

  deleted(id: string): { id: string; object: string; deleted: true } | undefined {
    return this.#deleted.get(id);
  }
}

function isA<Name extends ObjectName>(
  object: StripeObject,
  name: Name,
): object is ObjectTypes[Name] & StripeObject {
  return object.object === name;
}
