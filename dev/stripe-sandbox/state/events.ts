import type { Context } from './context.ts';
import { newId } from './ids.ts';
import type { EventObject, EventType } from './wire.ts';

/** Where events are told. */
export interface Events {
  emit(context: Context, type: EventType, object: object, previousAttributes?: object): void;
}

/** Who wants to hear of events. */
interface Listeners {
  wanting(type: EventType): readonly unknown[];
  /** `recorded`: the sandbox's own time, in Unix seconds. */
  send(event: EventObject, recorded: number): void;
}

/** Keeps what happened and hands it to the webhook endpoints. */
export class EventLog implements Events {
  readonly #listeners: Listeners;

  constructor(listeners: Listeners) {
    this.#listeners = listeners;
  }

  emit(context: Context, type: EventType, object: object, previousAttributes?: object): void {
    const event: EventObject = {
      id: newId('evt_1'),
      object: 'event',
      api_version: context.store.settings.apiVersion,
      created: context.now(),
      data: {
        object,
        ...(previousAttributes && { previous_attributes: previousAttributes }),
      },
      livemode: false,
      pending_webhooks: this.#listeners.wanting(type).length,
      request: context.cause,
      type,
    };
    context.store.put(event);
    // What happens while the own time is moved happens at its own instant, on the way.
    const recorded = context.clock.id === null ? context.now() : context.sandboxClock.now();
    this.#listeners.send(event, recorded);
  }
}
