import { z } from 'zod';
import { exactText, pageLimit, text, timestamp, uuid } from '../core/schema.ts';
import { emailAddress } from './session-schemas.ts';

/** Requests and answers about the accounts of people, for staff. */

const statuses = ['unverified', 'active', 'disabled', 'deleted'] as const;
const role = z.enum(['customer', 'viewer', 'admin']);

const page = {
  limit: pageLimit.default(20).meta({ description: 'Entries on a page, 1 to 100.' }),
  cursor: z
    .string()
    .max(200)
    .optional()
    .meta({ description: '`next_cursor` of the page before, unchanged.' }),
};

export const usersQuery = z.strictObject({
  search: exactText(254)
    .transform((value) => value.toLowerCase())
    .optional()
    .meta({ description: 'The beginning of an e-mail address, whatever its case.' }),
  role: role.optional(),
  status: z.enum(statuses).optional(),
  locked: z
    .enum(['true', 'false'])
    .transform((value) => value === 'true')
    .optional()
    .meta({ description: 'Whether wrong passwords or codes have locked the account for now.' }),
  ...page,
});
export type UsersQuery = z.output<typeof usersQuery>;

export const userEventsQuery = z.strictObject({
  type: z
    .string()
    .regex(/^[a-z][a-z_]{0,49}$/)
    .optional()
    .meta({ description: 'Such as `sign_in`, `role_change`.' }),
  ...page,
});
export type UserEventsQuery = z.output<typeof userEventsQuery>;

export const userParameters = z.object({ id: uuid });

const reason = text(500).optional().meta({ description: 'Why: kept with the event.' });
export const userChangeBody = z.strictObject({ reason }).meta({ id: 'UserChange' });
export const roleBody = z.strictObject({ role, reason }).meta({ id: 'RoleChange' });

export const invitationBody = z
  .strictObject({
    email: emailAddress,
    role,
    name: text(200).optional(),
  })
  .meta({ id: 'Invitation' });

/** What an operator names an admin by, who is made outside of the API. */
export const adminInput = z.object({ email: emailAddress, name: text(200).optional() });

function userWith<At extends z.ZodType>(at: At) {
  return z.strictObject({
    id: uuid,
    email: z.string().nullable().meta({ description: 'Null once the account is deleted.' }),
    name: z.string().nullable(),
    role,
    status: z.enum(statuses).meta({
      description: '`unverified`: signed up or invited, and the address is not proven yet.',
    }),
    locked_until: at.nullable().meta({ description: 'Null unless the account is locked now.' }),
    second_factor: z.boolean().meta({ description: 'Whether one is set up.' }),
    open_sessions: z.int(),
    last_sign_in_at: at.nullable().meta({ description: 'Of the last year.' }),
    api_keys: z.int().meta({ description: 'Keys of theirs that are good.' }),
    created_at: at,
  });
}

function eventWith<At extends z.ZodType>(at: At) {
  return z.strictObject({
    id: uuid,
    type: z.string(),
    outcome: z.enum(['success', 'failure']),
    actor: z.string().meta({ description: 'Who did it: `role:id`, or `system:name`.' }),
    session_id: uuid.nullable().meta({ description: 'The sign-in that it came from.' }),
    address: z.string().nullable().meta({ description: 'The network address that it came from.' }),
    agent: z.string().nullable(),
    request_id: z.string().nullable(),
    details: z.record(z.string(), z.unknown()),
    created_at: at,
  });
}

const moment = z.coerce.date().transform((date) => date.toISOString());

/** As user-queries.ts selects them; microseconds since 1970 are where a page ends. */
export const storedUser = userWith(moment);
export type StoredUser = z.output<typeof storedUser>;
const microseconds = z.coerce.number().pipe(z.int());
export const listedUser = z.object({ person: storedUser, microseconds });
export const listedAuthEvent = z.object({ event: eventWith(moment), microseconds });

const success = z.literal(true);
const nextCursor = z.string().nullable().meta({ description: 'Null on the last page.' });
const user = userWith(timestamp).meta({ id: 'User', description: 'Somebody who has an account here.' });

export const usersAnswer = z.strictObject({
  success,
  users: z.array(user),
  count: z.int().meta({ description: 'Accounts on this page.' }),
  next_cursor: nextCursor,
});

export const userAnswer = z.strictObject({ success, user });

export const userEventsAnswer = z.strictObject({
  success,
  events: z.array(
    eventWith(timestamp).meta({ id: 'AuthEvent', description: 'What happened to somebody’s account.' }),
  ),
  count: z.int().meta({ description: 'Events on this page.' }),
  next_cursor: nextCursor,
});
