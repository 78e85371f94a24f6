import { z } from 'zod';
import { customerName, instant, pageLimit, timestamp, uuid } from '../core/schema.ts';
import { eventTypes, testEventType } from './event-types.ts';
import { eventDeliveries } from './tables.ts';

/** Requests and answers of what was told, and to whom. */

export const deliveryStatus = z.enum(eventDeliveries.status.enumValues);
export const eventType = z.string().meta({ description: 'Such as `credits.granted`.' });
const eventId = z.string().meta({ description: 'The `webhook-id` of its deliveries.' });

const page = {
  limit: pageLimit.default(20).meta({ description: 'Entries on a page, 1 to 100.' }),
  cursor: z
    .string()
    .max(500)
    .optional()
    .meta({ description: '`next_cursor` of the page before, unchanged.' }),
};
const time = {
  since: instant.optional().meta({ description: 'Written then or later.' }),
  until: instant.optional().meta({ description: 'Written before then.' }),
};
const knownType = z.enum([...eventTypes, testEventType]);

export const deliveriesQuery = z.strictObject({
  status: deliveryStatus.optional(),
  event_type: knownType.optional(),
  ...time,
  ...page,
});
export type DeliveriesQuery = z.output<typeof deliveriesQuery>;

export const eventsQuery = z.strictObject({
  type: knownType.optional(),
  customer: customerName.optional(),
  ...time,
  ...page,
});
export type EventsQuery = z.output<typeof eventsQuery>;

export const deliveryParameters = z.object({ id: uuid, delivery_id: uuid });

function deliveryWith<At extends z.ZodType>(at: At) {
  return z.strictObject({
    id: uuid,
    event_id: eventId,
    event_type: eventType,
    status: deliveryStatus.meta({
      description:
        '`pending`, `delivering`, `delivered`, `dead` (given up), or `canceled` (the endpoint was disabled or deleted before).',
    }),
    attempt_count: z.int(),
    next_attempt_at: at.nullable().meta({ description: 'Null unless it is pending.' }),
    last_status_code: z.int().nullable(),
    last_error: z.string().nullable(),
    delivered_at: at.nullable().meta({ description: 'When the endpoint last took it.' }),
    created_at: at,
  });
}

function attemptWith<At extends z.ZodType>(at: At) {
  return z.strictObject({
    attempt: z.int(),
    started_at: at,
    duration_ms: z.int().nullable().meta({ description: 'Null while it goes on.' }),
    status_code: z.int().nullable().meta({ description: 'What the endpoint answered; null: nothing.' }),
    error: z.string().nullable().meta({ description: 'Names and codes; null: it was taken.' }),
  });
}

function eventWith<At extends z.ZodType>(at: At) {
  return z.strictObject({
    id: eventId,
    type: eventType,
    customer_id: uuid.nullable(),
    data: z.record(z.string(), z.unknown()),
    cause_event_id: z.string().nullable().meta({ description: 'The event of Stripe’s that led to it.' }),
    occurred_at: at.meta({ description: 'By the clock of the business.' }),
    created_at: at.meta({ description: 'When it was written.' }),
  });
}

const told = z.strictObject({ id: uuid, endpoint_id: uuid, status: deliveryStatus });

function detailWith<At extends z.ZodType>(at: At) {
  return { event: eventWith(at), attempts: z.array(attemptWith(at)) };
}

const moment = z.coerce.date().transform((date) => date.toISOString());
/** Of a row, microseconds since 1970: where a page ends. */
const position = z.coerce.number().pipe(z.int());

/** As log-queries.ts selects them. */
const storedDelivery = deliveryWith(moment);
export const storedDeliveryDetail = storedDelivery.extend(detailWith(moment));
const storedEvent = eventWith(moment).extend({ deliveries: z.array(told) });
export const listedDelivery = z.object({ delivery: storedDelivery, microseconds: position });
export const listedEvent = z.object({ event: storedEvent, microseconds: position });

const success = z.literal(true);
const nextCursor = z.string().nullable().meta({ description: 'Null on the last page.' });

export const deliveriesAnswer = z.strictObject({
  success,
  deliveries: z.array(
    deliveryWith(timestamp).meta({ id: 'Delivery', description: 'One event for one endpoint.' }),
  ),
  count: z.int().meta({ description: 'Entries on this page.' }),
  next_cursor: nextCursor,
});

export const deliveryAnswer = z.strictObject({
  success,
  delivery: deliveryWith(timestamp)
    .extend({
      event: eventWith(timestamp).meta({ id: 'DeliveredEvent' }),
      attempts: z
        .array(attemptWith(timestamp).meta({ id: 'DeliveryAttempt' }))
        .meta({ description: 'The last 100, the first of them first.' }),
    })
    .meta({ id: 'DeliveryDetail', description: 'A delivery, what it tells, and each try.' }),
});

export const eventsAnswer = z.strictObject({
  success,
  events: z.array(
    eventWith(timestamp)
      .extend({ deliveries: z.array(told).meta({ description: 'To whom, up to 50.' }) })
      .meta({ id: 'OutboundEvent', description: 'Something that happened here, for others to be told.' }),
  ),
  count: z.int().meta({ description: 'Entries on this page.' }),
  next_cursor: nextCursor,
});

export const deliveryReplayedAnswer = z.strictObject({ success, delivery_id: uuid });
