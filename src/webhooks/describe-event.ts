import type { StripeEvent } from '../stripe/index.ts';
import type { ReceivedEvent } from './queries.ts';

/** What the inbox keeps of an event beside its payload. */
export function describeEvent(
  event: StripeEvent,
): Pick<
  ReceivedEvent,
  | 'eventId'
  | 'eventType'
  | 'apiVersion'
  | 'livemode'
  | 'stripeCreated'
  | 'stripeCustomerId'
  | 'paymentIntentId'
> {
  const { id, customer, payment_intent: paymentIntent } = event.data.object;
  const isCustomer = event.type.startsWith('customer.') && id?.startsWith('cus_') === true;
  return {
    eventId: event.id,
    eventType: event.type,
    apiVersion: event.api_version ?? null,
    livemode: event.livemode,
    stripeCreated: event.created,
    stripeCustomerId: customer ?? (isCustomer ? id : null),
    paymentIntentId: paymentIntent ?? null,
  };
}
