import { z } from 'zod';
import { pageLimit, timestamp, uuid } from '../core/schema.ts';

/** Requests and answers about one's own sign-ins. */

export const signOutBody = z.strictObject({});

export const signOutAllBody = z.strictObject({
  except_this: z.boolean().default(false).meta({ description: 'Keeps the session that asks.' }),
});

export const ownSessionParameters = z.object({ id: uuid });

export const ownSessionsQuery = z.strictObject({
  limit: pageLimit.default(20).meta({ description: 'Entries on a page, 1 to 100.' }),
  cursor: z
    .string()
    .max(200)
    .optional()
    .meta({ description: '`next_cursor` of the page before, unchanged.' }),
});
export type OwnSessionsQuery = z.output<typeof ownSessionsQuery>;

function sessionWith<At extends z.ZodType>(at: At) {
  return z.strictObject({
    id: uuid,
    kind: z.enum(['token', 'cookie']),
    created_at: at,
    last_seen_at: at.meta({ description: 'To the minute.' }),
    expires_at: at.meta({
      description:
        'At the latest. With tokens, each refresh of a customer’s moves it; staff’s ends half an hour after its last use.',
    }),
    address: z.string().nullable().meta({ description: 'The network address that signed in.' }),
    agent: z.string().nullable().meta({ description: 'What its client calls itself.' }),
    current: z.boolean().meta({ description: 'Whether it is the one that asks.' }),
  });
}

const moment = z.coerce.date().transform((date) => date.toISOString());

/** As own-session-queries.ts selects it; microseconds since 1970 are where a page ends. */
export const listedSession = z.object({
  session: sessionWith(moment),
  microseconds: z.coerce.number().pipe(z.int()),
});

const success = z.literal(true);

export const ownSessionsAnswer = z.strictObject({
  success,
  sessions: z.array(
    sessionWith(timestamp).meta({ id: 'Session', description: 'A sign-in that may be used.' }),
  ),
  count: z.int().meta({ description: 'Sessions on this page.' }),
  next_cursor: z.string().nullable().meta({ description: 'Null on the last page.' }),
});

export const signedOutAllAnswer = z.strictObject({
  success,
  ended_sessions: z.int().meta({ description: 'How many this has ended.' }),
});
