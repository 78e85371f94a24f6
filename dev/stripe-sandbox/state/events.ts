import Stripe from 'stripe';
import type { Context } from './context.ts';
import type { Deliveries } from '../webhooks/deliveries.ts';
import { newId } from './ids.ts';
import type { EventObject, EventType } from './wire.ts';

/** Where events are told. */
export interface Events {
  emit(context: Context, type: EventType, object: object, previousAttributes?: object): void;
}

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

/** Keeps what happened and hands it to the webhook endpoints. */
export class EventLog implements Events {
  readonly #deliveries: Deliveries;

  constructor(deliveries: Deliveries) {
    this.#deliveries = deliveries;
  }

  emit(context: Context, type: EventType, object: object, previousAttributes?: object): void {
    const event: EventObject = {
      id: newId('evt_1'),
      object: 'event',
      api_version: Stripe.API_VERSION,
      created: context.now(),
      data: {
        object,
        ...(previousAttributes && { previous_attributes: previousAttributes }),
      },
      livemode: false,
      pending_webhooks: this.#deliveries.wanting(type).length,
      request: context.cause,
      type,
    };
    context.store.put(event);
    this.#deliveries.send(event);
  }
}
