import Stripe from 'stripe';
import type { Context } from './context.ts';
import type { Deliveries } from '../webhooks/deliveries.ts';
import { newId } from './ids.ts';
import type { EventObject, EventType } from './wire.ts';

/** Keeps what happened and hands it to the webhook endpoint. */
export class EventLog {
  readonly #deliveries: Deliveries;

  constructor(deliveries: Deliveries) {
    this.#deliveries = deliveries;
  }

  emit(context: Context, type: EventType, object: object, previousAttributes?: object): EventObject {
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
      pending_webhooks: this.#deliveries.endpoint ? 1 : 0,
      request: context.cause,
      type,
    };
    context.store.put(event);
    this.#deliveries.send(event);
    return event;
  }
}
