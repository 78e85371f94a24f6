import { z } from 'zod';
import { customerReference, pageLimit, timestamp, uuid } from '../core/schema.ts';

export const noticesQuery = z.strictObject({
  customer: customerReference.optional(),
  limit: pageLimit.default(20).meta({ description: 'Notices on a page, 1 to 100.' }),
  cursor: z
    .string()
    .max(200)
    .optional()
    .meta({ description: '`next_cursor` of the page before, unchanged.' }),
});
export type NoticesQuery = z.output<typeof noticesQuery>;

const notice = z
  .strictObject({
    id: uuid,
    type: z.string().meta({ description: 'Such as `credits.low`, `top_up.stopped`, `top_up.cap_reached`.' }),
    data: z.record(z.string(), z.unknown()).meta({ description: 'What it is about, by its type.' }),
    created_at: timestamp,
  })
  .meta({ id: 'Notice', description: 'Something that the customer is to be told of.' });

export const noticesAnswer = z.strictObject({
  success: z.literal(true),
  notices: z.array(notice),
  count: z.int().meta({ description: 'Notices on this page.' }),
  next_cursor: z.string().nullable().meta({ description: 'Null on the last page.' }),
});
