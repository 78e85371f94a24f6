import { sql } from 'drizzle-orm';
import type { Origin } from '../core/origin.ts';
import { build } from '../db/index.ts';
import type { Position } from './own-session-queries.ts';
import type { OwnSession } from './own-session.ts';
import { jsonOfOrigin } from './sign-in-queries.ts';

/** Somebody's account (`storedProfile`). */
export function findProfile(userId: string) {
  return build.execute<{ profile: unknown }>(sql`
    select jsonb_build_object('id', u.id, 'email', u.email, 'name', u.name, 'role', u.role,
      'second_factor', jsonb_build_object('enrolled_since', f.confirmed_at, 'recovery_codes_left', (
        select count(*) from recovery_codes where user_id = u.id and used_at is null)),
      'email_verified_at', u.email_verified_at, 'created_at', u.created_at) as profile
    from users as u left join totp_factors as f on f.user_id = u.id
    where u.id = ${userId}::uuid`);
}

/** Changes a name (`change_name`). */
export function changeName({ userId, sessionId }: OwnSession, name: string | null, origin: Origin) {
  return build.execute(
    sql`select change_name(${userId}::uuid, ${name}, ${sessionId}::uuid, ${jsonOfOrigin(origin)})`,
  );
}

export interface OwnEventFilter {
  readonly userId: string;
  readonly eventType: string | undefined;
  readonly before: Position | undefined;
  readonly limit: number;
}

/**
 * Rows for `listedOwnEvent`, newest first. Where staff's requests come from, and what it notes, is not its customers'
 * to know.
 */
export function listOwnEvents({ userId, eventType, before, limit }: OwnEventFilter) {
  const ofType = eventType === undefined ? sql`` : sql`and event_type = ${eventType}`;
  const behind =
    before &&
    sql`and (created_at, id) < (timestamptz 'epoch' + ${before[0]}::bigint * interval '1 microsecond', ${before[1]}::uuid)`;
  return build.execute<{ event: unknown; microseconds: string }>(sql`
    select jsonb_build_object('id', id, 'type', event_type, 'outcome', outcome,
        'reason', case when outcome = 'failure' then details ->> 'reason' end,
        'by', case when is_own then 'account' else 'staff' end, 'session_id', case when is_own then session_id end,
        'address', case when is_own then address end, 'agent', case when is_own then agent end,
        'created_at', created_at) as event,
      (extract(epoch from created_at) * 1000000)::bigint::text as microseconds
    from (
      select *, split_part(actor, ':', 2) = user_id::text as is_own from auth_events
      where user_id = ${userId}::uuid ${ofType} ${behind ?? sql``}
      order by created_at desc, id desc limit ${limit}
    ) as event
    order by created_at desc, id desc`);
}
