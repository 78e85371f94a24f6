import { z } from 'zod';
import { pageLimit, text, timestamp, uuid } from '../core/schema.ts';
import { alertKinds } from './alert-kinds.ts';

const kind = z.enum(alertKinds);

export const alertsQuery = z.strictObject({
  status: z.enum(['open', 'closed']).optional().meta({ description: 'Open: what it tells is still so.' }),
  kind: kind.optional(),
  acknowledged: z
    .enum(['true', 'false'])
    .transform((value) => value === 'true')
    .optional()
    .meta({ description: 'Whether somebody has taken note of it.' }),
  limit: pageLimit.default(20).meta({ description: 'Alerts on a page, 1 to 100.' }),
  cursor: z
    .string()
    .max(200)
    .optional()
    .meta({ description: '`next_cursor` of the page before, unchanged.' }),
});
export type AlertsQuery = z.output<typeof alertsQuery>;

export const alertParameters = z.strictObject({ id: uuid });

export const acknowledgeBody = z.strictObject({
  note: text(1000).optional().meta({ description: 'What is being done about it, for colleagues.' }),
});

const alert = z
  .strictObject({
    id: uuid,
    kind,
    subject: z.string().meta({
      description:
        'Among alerts of its kind: a type of event or `all`, an endpoint’s id; empty where there is one only.',
    }),
    status: z.enum(['open', 'closed']),
    details: z
      .record(z.string(), z.unknown())
      .meta({ description: 'Figures, as they last were while it was open; by its kind.' }),
    opened_at: timestamp,
    last_seen_at: timestamp.meta({ description: 'When what it tells was last found to be so.' }),
    closed_at: timestamp.nullable(),
    acknowledged_at: timestamp.nullable(),
    acknowledged_by: z.string().nullable(),
    note: z.string().nullable(),
  })
  .meta({ id: 'Alert', description: 'Something that an operator should know.' });

export const alertAnswer = z.strictObject({ success: z.literal(true), alert });

export const alertsAnswer = z.strictObject({
  success: z.literal(true),
  alerts: z.array(alert),
  count: z.int().meta({ description: 'Alerts on this page.' }),
  next_cursor: z.string().nullable().meta({ description: 'Null on the last page.' }),
});
