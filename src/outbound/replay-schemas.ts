import { z } from 'zod';
import { instant } from '../core/schema.ts';
import { eventWishes } from './admin-schemas.ts';

/** POST /admin/endpoints/{id}/replay: what happened in a time, told again. */

const eventsAtMost = 10_000;

const truth = z.enum(['1', 'true', '0', 'false']).transform((value) => value === '1' || value === 'true');

export const replayQuery = z.strictObject({
  dry_run: truth.default(false).meta({
    type: 'string',
    description: '`1` or `true`: answer how many there are, and tell nothing.',
  }),
});

export const replayBody = z
  .strictObject({
    since: instant.meta({ description: 'Events that were written then or later.' }),
    until: instant.optional().meta({ description: 'Written before then; absent: until now.' }),
    event_types: eventWishes.optional().meta({
      description: 'Of these types alone, or families of them; never others than the endpoint asks for.',
    }),
    only_failed: z.boolean().default(false).meta({
      description: 'Those alone that were given up (`dead`), or `canceled` before they were told.',
    }),
    skip_delivered: z.boolean().default(false).meta({
      description:
        'Not those that it took: the failed ones, and those that happened while it was disabled or before it was made.',
    }),
    limit: z.int().min(1).max(eventsAtMost).default(eventsAtMost).meta({
      description: 'How many at once, the oldest first.',
    }),
    cursor: z.string().max(500).optional().meta({
      description: '`next_cursor` of the answer before, to go on behind it.',
    }),
  })
  .refine(({ since, until }) => until === undefined || since < until, {
    path: ['until'],
    message: 'must be after `since`',
  })
  .meta({ id: 'Replay' });
export type ReplayInput = z.output<typeof replayBody>;

const dryRun = z.strictObject({
  success: z.literal(true),
  dry_run: z.literal(true),
  count: z.int().meta({ description: 'What a replay would tell, all in all.' }),
});

const done = z.strictObject({
  success: z.literal(true),
  replayed: z.int().meta({ description: 'Deliveries that wait now.' }),
  remaining: z.int().meta({ description: 'What is behind `limit`.' }),
  next_cursor: z.string().nullable().meta({ description: 'To go on with; null: there is no more.' }),
});

export const replayAnswer = z.union([done, dryRun]);
