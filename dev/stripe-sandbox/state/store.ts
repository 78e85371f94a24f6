import type { Facts } from './facts.ts';
import { DEFAULT_SETTINGS, type AccountSettings } from './settings.ts';
import type { ObjectName, ObjectTypes, StripeObject } from './wire.ts';

/** What is left of an object that was deleted. */
export interface DeletedObject {
  readonly id: string;
  readonly object: string;
  readonly deleted: true;
}

/** The answer that an Idempotency-Key got, and for which request. */
export interface SavedAnswer {
  /** What "the same request" is. */
  readonly fingerprint: string;
  /** When it was given: Unix seconds of the sandbox's own time. */
  readonly since: number;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

type FactsName = keyof Facts;

/** All that one sandbox knows, as JSON can carry it. */
export interface StoreSnapshot {
  readonly objects: readonly StripeObject[];
  readonly deleted: readonly DeletedObject[];
  readonly facts: readonly (readonly [id: string, facts: Facts[FactsName]])[];
  readonly secondsAhead: number;
  readonly settings: AccountSettings;
  readonly answers: readonly (readonly [key: string, answer: SavedAnswer])[];
}

type Watcher = (kind: ObjectName, id: string) => void;

/**
 * All state of one sandbox. Objects are values: a change puts a new object in
 * the place of the old one, so that events and answers keep what they saw.
 */
export class Store {
  /** Called after each change. */
  onChange: () => void = () => undefined;
  #watcher: Watcher = () => undefined;
  #secondsAhead = 0;
  #settings = DEFAULT_SETTINGS;
  readonly #kinds = new Map<string, Map<string, StripeObject>>();
  /** Kinds that are still another store's. */
  readonly #borrowed = new Set<string>();
  readonly #deleted = new Map<string, DeletedObject>();
  readonly #facts = new Map<string, Facts[FactsName]>();
  readonly #answers = new Map<string, SavedAnswer>();

  /** Adds the object, or replaces the one of the same id in its old place. */
  put<Kind extends StripeObject>(object: Kind): Kind {
    this.#ownKind(object.object).set(object.id, object);
    this.#changed(object.object, object.id);
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

  /** All objects of one kind, oldest first. The store must not change meanwhile. */
  *each<Name extends ObjectName>(name: Name): Iterable<ObjectTypes[Name]> {
    for (const object of this.#kind(name).values()) if (isA(object, name)) yield object;
  }

  delete(object: StripeObject): DeletedObject {
    const stub = { id: object.id, object: object.object, deleted: true as const };
    this.#ownKind(object.object).delete(object.id);
    this.#deleted.set(object.id, stub);
    this.#changed(object.object, object.id);
    return stub;
  }

  deleted(id: string): DeletedObject | undefined {
    return this.#deleted.get(id);
  }

  /** What the API does not show of an object; undefined when there is nothing. */
  facts<Name extends FactsName>(name: Name, id: string): Facts[Name] | undefined {
    return factsOf<Name>(this.#facts.get(`${name} ${id}`));
  }

  /** Facts that every object of this kind has: absence would be a mistake of the sandbox itself. */
  mustFacts<Name extends FactsName>(name: Name, id: string): Facts[Name] {
    const facts = this.facts(name, id);
    if (!facts) throw new Error(`The sandbox has lost the facts of ${name} ${id}.`);
    return facts;
  }

  setFacts<Name extends FactsName>(name: Name, id: string, facts: Facts[Name]): void {
    this.#facts.set(`${name} ${id}`, facts);
    this.#changed(name, id);
  }

  /** Tells `watcher` which object changes, or what is known of it, from now on. */
  watch(watcher: Watcher): void {
    this.#watcher = watcher;
  }

  /** How far the sandbox's own time is ahead of the wall clock. */
  get secondsAhead(): number {
    return this.#secondsAhead;
  }

  moveAhead(seconds: number): void {
    this.#secondsAhead += seconds;
    this.onChange();
  }

  /** What the account is set to. */
  get settings(): AccountSettings {
    return this.#settings;
  }

  changeSettings(settings: Partial<AccountSettings>): void {
    this.#settings = { ...this.#settings, ...settings };
    this.onChange();
  }

  savedAnswer(key: string): SavedAnswer | undefined {
    return this.#answers.get(key);
  }

  /** Keeps an answer for the requests that repeat it, and forgets those given before `horizon`. */
  saveAnswer(key: string, answer: SavedAnswer, horizon: number): void {
    this.#answers.delete(key);
    this.#answers.set(key, answer);
    // They stand in the order in which they were given.
    for (const [old, { since }] of this.#answers) {
      if (since > horizon) break;
      this.#answers.delete(old);
    }
    this.onChange();
  }

  /**
   * Another store with the same content, where something can be tried without
   * consequence, for as long as this one does not change.
   */
  fork(): Store {
    const fork = new Store();
    for (const [name, kind] of this.#kinds) fork.#kinds.set(name, kind);
    for (const name of this.#kinds.keys()) fork.#borrowed.add(name);
    for (const [id, stub] of this.#deleted) fork.#deleted.set(id, stub);
    for (const [key, facts] of this.#facts) fork.#facts.set(key, facts);
    fork.#secondsAhead = this.#secondsAhead;
    fork.#settings = this.#settings;
    return fork;
  }

  snapshot(): StoreSnapshot {
    return {
      objects: [...this.#kinds.values()].flatMap((kind) => [...kind.values()]),
      deleted: [...this.#deleted.values()],
      facts: [...this.#facts],
      secondsAhead: this.secondsAhead,
      settings: this.#settings,
      answers: [...this.#answers],
    };
  }

  restore({ objects, deleted, facts, secondsAhead, settings, answers }: StoreSnapshot): void {
    for (const object of objects) this.put(object);
    for (const stub of deleted) this.#deleted.set(stub.id, stub);
    for (const [key, value] of facts) this.#facts.set(key, value);
    for (const [key, answer] of answers) this.#answers.set(key, answer);
    this.#secondsAhead = secondsAhead;
    this.#settings = { ...DEFAULT_SETTINGS, ...settings };
  }

  #changed(kind: ObjectName, id: string): void {
    this.#watcher(kind, id);
    this.onChange();
  }

  /** Objects of one kind, to be changed: a fork copies them before its first change. */
  #ownKind(name: string): Map<string, StripeObject> {
    if (this.#borrowed.delete(name)) this.#kinds.set(name, new Map(this.#kind(name)));
    return this.#kind(name);
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

/** Safe because `setFacts` is the only writer, and its key holds the name. */
function factsOf<Name extends FactsName>(facts: Facts[FactsName] | undefined): Facts[Name] | undefined {
  return facts as Facts[Name] | undefined;
}
