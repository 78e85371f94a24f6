import { z } from 'zod';
import { customerName, exactText, timestamp, uuid } from '../core/schema.ts';

export const identityParameters = z.strictObject({ id: customerName });

export const identityBody = z.strictObject({
  issuer: exactText(255).meta({ description: 'The `iss` of its tokens.' }),
  subject: exactText(255).meta({ description: 'The `sub` of its tokens.' }),
});

const identity = z
  .strictObject({
    issuer: z.string(),
    subject: z.string(),
    is_own: z.boolean().meta({ description: 'The customer is known by it; others were linked by an admin.' }),
    linked_by: z.string().nullable().meta({ description: 'Who linked it; null for its own.' }),
    since: timestamp,
  })
  .meta({ id: 'CustomerIdentity', description: 'Somebody who acts for the customer.' });

export const identitiesAnswer = z.strictObject({
  success: z.literal(true),
  customer_id: uuid,
  identities: z.array(identity),
});
