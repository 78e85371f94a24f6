import { z } from 'zod';
import { exactText, text, timestamp, uuid } from '../core/schema.ts';
import { deliveryStatus, eventType } from './log-schemas.ts';
import { isEventWish } from './event-types.ts';
import { endpointChanges, eventEndpoints } from './tables.ts';

/** Requests and answers of /admin/endpoints. */

export const endpointParameters = z.object({ id: uuid });
export const noQuery = z.strictObject({});
export const emptyBody = z.strictObject({});

const url = exactText(2048).meta({
  description:
    'Where to: https, an address of the internet, without user and password; or `mailto:` and one address.',
});
const description = text(200);

export const eventWishes = z
  .array(z.string().refine(isEventWish, 'is no type of event, no family (`credits.*`), and not `*`'))
  .min(1)
  .max(100)
  .transform((wishes) => [...new Set(wishes)])
  .meta({ description: 'Types of events, families of them (`credits.*`), or `*` for all.' });

const format = z.enum(eventEndpoints.format.enumValues);

export const newEndpoint = z
  .strictObject({
    url,
    event_types: eventWishes,
    description: description.optional(),
    format: format.optional().meta({
      description:
        '`standard`: signed JSON of Standard Webhooks; `slack`: a message as Slack takes it; `mail`. By default `mail` for a `mailto:` URL, else `standard`.',
    }),
  })
  .meta({ id: 'NewEndpoint' });

export const endpointChange = z
  .strictObject({
    url: url.optional(),
    event_types: eventWishes.optional(),
    description: description.nullable().optional(),
    enabled: z.boolean().optional().meta({
      description: 'False: what waits is canceled. True: forgets since when it failed, too.',
    }),
  })
  .refine((change) => Object.keys(change).length > 0, 'must change something')
  .meta({ id: 'EndpointChange' });

export const secretRotation = z
  .strictObject({
    overlap_hours: z.int().min(0).max(168).default(24).meta({
      description:
        'How long the present secret goes on signing beside the new one. 0: it ends at once, as does the one before it.',
    }),
  })
  .meta({ id: 'SecretRotation' });

/** What is known of an endpoint, with times as the database writes them or as they are answered. */
function endpointWith<At extends z.ZodType>(at: At) {
  return z.strictObject({
    id: uuid,
    url: z.string(),
    description: z.string().nullable(),
    event_types: z.array(z.string()),
    format,
    enabled: z.boolean(),
    disabled_reason: z
      .enum(eventEndpoints.disabledReason.enumValues)
      .nullable()
      .meta({ description: '`admin`, `failing` (for days), or `gone` (it answered 410).' }),
    disabled_at: at.nullable(),
    previous_secret_until: at
      .nullable()
      .meta({ description: 'Until when the secret before the present one signs, too.' }),
    version: z.int(),
    created_by: z.string(),
    created_at: at,
    updated_at: at,
    health: z.strictObject({
      failing_since: at
        .nullable()
        .meta({ description: 'Null: the last delivery succeeded, or there was none.' }),
      pending: z.int().meta({ description: 'Deliveries that wait, or are being made.' }),
      dead: z.int().meta({ description: 'Deliveries that were given up.' }),
      last_delivery: z
        .strictObject({
          id: uuid,
          event_type: eventType,
          status: deliveryStatus,
          status_code: z.int().nullable(),
          error: z.string().nullable(),
          tried_at: at.nullable(),
        })
        .nullable()
        .meta({ description: 'Of the newest event that was tried.' }),
    }),
  });
}

function changeWith<At extends z.ZodType>(at: At) {
  return z.strictObject({
    action: z.enum(endpointChanges.action.enumValues),
    details: z.record(z.string(), z.unknown()),
    actor: z.string().meta({ description: 'Who did it: `role:subject`, `system:…`, or `sql:…`.' }),
    request_id: z.string().nullable(),
    changed_at: at,
  });
}

const moment = z.coerce.date().transform((date) => date.toISOString());

/** As endpoint-queries.ts selects it. */
export const storedEndpoint = endpointWith(moment);
export const storedEndpointDetail = storedEndpoint.extend({ changes: z.array(changeWith(moment)) });
export type Endpoint = z.output<typeof storedEndpoint>;

const endpoint = endpointWith(timestamp).meta({ id: 'Endpoint', description: 'Where events are told.' });
const success = z.literal(true);
const secret = z.string().meta({ description: 'Signs its deliveries: shown this once.' });

export const endpointAnswer = z.strictObject({ success, endpoint });
export const endpointDetailAnswer = z.strictObject({
  success,
  endpoint: endpointWith(timestamp)
    .extend({
      changes: z
        .array(changeWith(timestamp).meta({ id: 'EndpointChangeEntry' }))
        .meta({ description: 'The last 50, the newest first.' }),
    })
    .meta({ id: 'EndpointDetail', description: 'An endpoint, and what was done to it.' }),
});
export const endpointCreatedAnswer = z.strictObject({ success, endpoint, secret: secret.optional() });
export const secretRotatedAnswer = z.strictObject({ success, endpoint, secret });
export const endpointsAnswer = z.strictObject({ success, endpoints: z.array(endpoint) });
export const endpointDeletedAnswer = z.strictObject({ success, endpoint_id: uuid });
export const endpointTestedAnswer = z.strictObject({
  success,
  delivery_id: uuid.meta({ description: 'What became of it: `GET …/deliveries/{delivery_id}`.' }),
});
