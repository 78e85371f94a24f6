import { sql, type SQL } from 'drizzle-orm';
import { actorLabel, type Actor } from '../core/actor.ts';
import type { Origin } from '../core/origin.ts';
import { build } from '../db/index.ts';
import { jsonOfOrigin } from './sign-in-queries.ts';

/** An entry's place in a list, which is the newest first: when it was written (microseconds since 1970), and its id. */
export type Position = readonly [microseconds: number, id: string];

/** The members of `storedUser`, of the row `person`: nothing that proves who somebody is. */
const shown = sql`jsonb_build_object('id', person.id, 'email', person.email, 'name', person.name, 'role', person.role,
  'status', person.status, 'locked_until', case when person.locked_until > now() then person.locked_until end,
  'second_factor', has_second_factor(person.id),
  'open_sessions', (
    select count(*) from sessions as session
    where session.user_id = person.id and is_session_open(session, person)),
  'last_sign_in_at', (
    select max(created_at) from auth_events
    where user_id = person.id and event_type = 'sign_in' and outcome = 'success'),
  'api_keys', (
    select count(*) from api_keys where user_id = person.id and revoked_at is null and expires_at > now()),
  'created_at', person.created_at)`;

export interface UserFilter {
  /** The beginning of an address, in lower case. */
  readonly search: string | undefined;
  readonly role: string | undefined;
  readonly status: string | undefined;
  readonly isLocked: boolean | undefined;
  readonly before: Position | undefined;
  readonly limit: number;
}

interface ListedRow {
  readonly [column: string]: unknown;
  /** `storedUser`. */
  readonly person: unknown;
  readonly microseconds: string;
}

/** Newest first. Each filter has an index. */
export function listUserRows({ search, role, status, isLocked, before, limit }: UserFilter) {
  const conditions = [
    search === undefined ? undefined : emailBegins(search),
    role === undefined ? undefined : sql`role = ${role}`,
    status === undefined ? undefined : sql`status = ${status}`,
    isLocked === undefined ? undefined : lockedIs(isLocked),
    before && behind(before),
  ];
  return build.execute<ListedRow>(sql`
    select ${shown} as person, ${microsecondsOf(sql`person.created_at`)} as microseconds
    from (
      select * from users ${whereAll(conditions)} order by created_at desc, id desc limit ${limit}
    ) as person
    order by person.created_at desc, person.id desc`);
}

/** No row: there is none. */
export function findUser(id: string) {
  return build.execute<{ person: unknown }>(
    sql`select ${shown} as person from users as person where id = ${id}::uuid`,
  );
}

export interface UserEventFilter {
  readonly userId: string;
  readonly eventType: string | undefined;
  readonly before: Position | undefined;
  readonly limit: number;
}

/** What happened to somebody's account, newest first. Row: `is_known`, and `events`, a list of `listedAuthEvent`. */
export function listUserEventRows({ userId, eventType, before, limit }: UserEventFilter) {
  const conditions = [
    sql`user_id = ${userId}::uuid`,
    eventType === undefined ? undefined : sql`event_type = ${eventType}`,
    before && behind(before),
  ];
  return build.execute<{ is_known: boolean; events: unknown }>(sql`
    select exists (select from users where id = ${userId}::uuid) as is_known,
      (select coalesce(jsonb_agg(jsonb_build_object('event', jsonb_build_object('id', event.id,
            'type', event.event_type, 'outcome', event.outcome, 'actor', event.actor, 'session_id', event.session_id,
            'address', event.address, 'agent', event.agent, 'request_id', event.request_id,
            'details', event.details, 'created_at', event.created_at),
          'microseconds', ${microsecondsOf(sql`event.created_at`)})
          order by event.created_at desc, event.id desc), '[]')
        from (
          select * from auth_events ${whereAll(conditions)} order by created_at desc, id desc limit ${limit}
        ) as event) as events`);
}

export type UserAction =
  'disable' | 'enable' | 'unlock' | 'remove_second_factor' | 'change_role' | 'revoke_sessions';

export interface UserChange {
  readonly userId: string;
  readonly action: UserAction;
  /** For change_role. */
  readonly role: string | undefined;
  readonly reason: string | undefined;
  readonly actor: Actor;
  readonly origin: Origin;
}

/** `change_user`, which tells its outcomes. */
export function changeUserRow({ userId, action, role, reason, actor, origin }: UserChange) {
  return build.execute<{ outcome: string }>(sql`
    select outcome from change_user(${userId}::uuid, ${action}, ${role ?? null}, ${reason ?? null},
      ${jsonOfActor(actor)}, ${jsonOfOrigin(origin)}) as outcome`);
}

export interface Invitation {
  readonly email: string;
  readonly name: string | undefined;
  readonly role: string;
  readonly tokenHash: string;
  readonly actor: Actor;
  readonly origin: Origin;
}

/** `invite_user`, with the account (`storedUser`) that it leaves; null where the address is taken. */
export function inviteUserRow({ email, name, role, tokenHash, actor, origin }: Invitation) {
  return build.execute<{ outcome: string; user_id: string | null }>(sql`
    select * from invite_user(${email}, ${name ?? null}, ${role}, ${tokenHash}, ${jsonOfActor(actor)},
      ${jsonOfOrigin(origin)})`);
}

/** Who has an address (`storedUser`). */
export function findUserByEmail(email: string) {
  return build.execute<{ person: unknown }>(
    sql`select ${shown} as person from users as person where email = ${email}`,
  );
}

/** What `require_admin` looks at: a person's account, or none for an operator's script. */
function jsonOfActor(actor: Actor): SQL {
  const person = actor.kind === 'user' ? { user_id: actor.subject, session_id: actor.sessionId } : {};
  return sql`${JSON.stringify({ label: actorLabel(actor), ...person })}::jsonb`;
}

/** Byte by byte, as the index is sorted: U+10FFFF comes after all that a beginning can go on with. */
function emailBegins(beginning: string): SQL {
  return sql`email ~>=~ ${beginning} and email ~<~ ${`${beginning}\u{10ffff}`}`;
}

function lockedIs(isLocked: boolean): SQL {
  return isLocked ? sql`locked_until > now()` : sql`(locked_until is null or locked_until <= now())`;
}

function behind([microseconds, id]: Position): SQL {
  return sql`(created_at, id) < (timestamptz 'epoch' + ${microseconds}::bigint * interval '1 microsecond', ${id}::uuid)`;
}

function microsecondsOf(column: SQL): SQL {
  return sql`(extract(epoch from ${column}) * 1000000)::bigint::text`;
}

function whereAll(conditions: readonly (SQL | undefined)[]): SQL {
  const given = conditions.filter((condition) => condition !== undefined);
  return given.length === 0 ? sql`` : sql`where ${sql.join([...given], sql` and `)}`;
}
