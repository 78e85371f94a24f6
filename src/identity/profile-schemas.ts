import { z } from 'zod';
import { pageLimit, text, timestamp, uuid } from '../core/schema.ts';

/** Requests and answers about one's own account. */

export const profileBody = z
  .strictObject({
    name: text(200).nullable().meta({ description: 'Null takes it away.' }),
  })
  .meta({ id: 'ProfileChange' });

function profileWith<At extends z.ZodType>(at: At) {
  return z.strictObject({
    id: uuid,
    email: z.string().nullable(),
    name: z.string().nullable(),
    role: z.enum(['customer', 'viewer', 'admin']),
    second_factor: z.strictObject({
      enrolled_since: at.nullable().meta({ description: 'Null without a second factor.' }),
      recovery_codes_left: z.int(),
    }),
    email_verified_at: at.nullable(),
    created_at: at,
  });
}

const moment = z.coerce.date().transform((date) => date.toISOString());

/** As profile-queries.ts selects it. */
export const storedProfile = profileWith(moment);
export type Profile = z.output<typeof storedProfile>;

export const profileAnswer = z.strictObject({
  success: z.literal(true),
  profile: profileWith(timestamp).meta({ id: 'Profile', description: 'One’s own account.' }),
});

export const ownEventsQuery = z.strictObject({
  type: z
    .string()
    .regex(/^[a-z][a-z_]{0,49}$/)
    .optional()
    .meta({ description: 'Such as `sign_in`, `role_change`.' }),
  limit: pageLimit.default(20).meta({ description: 'Entries on a page, 1 to 100.' }),
  cursor: z
    .string()
    .max(200)
    .optional()
    .meta({ description: '`next_cursor` of the page before, unchanged.' }),
});
export type OwnEventsQuery = z.output<typeof ownEventsQuery>;

function eventWith<At extends z.ZodType>(at: At) {
  return z.strictObject({
    id: uuid,
    type: z.string().meta({ description: 'Such as `sign_in`, `password_reset`.' }),
    outcome: z.enum(['success', 'failure']),
    reason: z.string().nullable().meta({ description: 'Of a failure, such as `wrong_password`, `locked`.' }),
    by: z.enum(['account', 'staff']).meta({
      description: 'Who did it: who has, or claims, the account’s credentials, or somebody else here.',
    }),
    session_id: uuid.nullable().meta({ description: 'The sign-in that it came from, or opened.' }),
    address: z
      .string()
      .nullable()
      .meta({ description: 'The network address that it came from; null for staff’s.' }),
    agent: z.string().nullable().meta({ description: 'What its client calls itself; null for staff’s.' }),
    created_at: at,
  });
}

/** As profile-queries.ts selects it; microseconds since 1970 are where a page ends. */
export const listedOwnEvent = z.object({
  event: eventWith(moment),
  microseconds: z.coerce.number().pipe(z.int()),
});

export const ownEventsAnswer = z.strictObject({
  success: z.literal(true),
  events: z.array(
    eventWith(timestamp).meta({ id: 'OwnAuthEvent', description: 'What happened to one’s own account.' }),
  ),
  count: z.int().meta({ description: 'Events on this page.' }),
  next_cursor: z.string().nullable().meta({ description: 'Null on the last page.' }),
});
