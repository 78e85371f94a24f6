import { z } from 'zod';

/** A message of the queue. */
export const deliveryMessage = z.strictObject({ delivery_id: z.uuid() });
export type DeliveryMessage = z.output<typeof deliveryMessage>;

/** What `claim_delivery` answers of a delivery that is claimed. */
export const claimedDelivery = z
  .object({
    attempt: z.int(),
    round: z.int(),
    endpoint_id: z.string(),
    url: z.string(),
    format: z.enum(['standard', 'slack', 'mail']),
    sealed_secret: z.string().nullable(),
    previous_sealed_secret: z.string().nullable(),
    event_id: z.string(),
    event_type: z.string(),
    occurred_at: z.string(),
    data: z.record(z.string(), z.unknown()),
  })
  .transform((row) => ({
    attempt: row.attempt,
    round: row.round,
    endpoint: {
      id: row.endpoint_id,
      url: row.url,
      format: row.format,
      /** The present one first. */
      sealedSecrets: [row.sealed_secret, row.previous_sealed_secret].filter((secret) => secret !== null),
    },
    event: { id: row.event_id, type: row.event_type, occurredAt: row.occurred_at, data: row.data },
  }));

export type ClaimedDelivery = z.output<typeof claimedDelivery>;
export type Endpoint = ClaimedDelivery['endpoint'];
export type ToldEvent = ClaimedDelivery['event'];
