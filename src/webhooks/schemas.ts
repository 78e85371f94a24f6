import { z } from 'zod';

export const webhookAnswer = z.strictObject({
  success: z.literal(true),
  event_id: z.string(),
  duplicate: z.literal(true).optional().meta({ description: 'The event was here before.' }),
});

/** A message of the queue. */
export const doorbell = z.object({ event_id: z.string() });
export type Doorbell = z.output<typeof doorbell>;
