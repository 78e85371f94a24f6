import { sql } from 'drizzle-orm';
import type { Origin } from '../core/origin.ts';
import { build } from '../db/index.ts';
import type { OwnSession } from './own-session.ts';
import { jsonOfOrigin } from './sign-in-queries.ts';

/** An entry's place in a list, which is the newest first: when it was written (microseconds since 1970), and its id. */
export type Position = readonly [microseconds: number, id: string];

export interface SessionPage {
  readonly before: Position | undefined;
  readonly limit: number;
}

/** Rows for `listedSession`, newest first, of the sessions that may be used. */
export function listOwnSessions({ userId, sessionId }: OwnSession, { before, limit }: SessionPage) {
  const behind =
    before &&
    sql`and (s.created_at, s.id) < (timestamptz 'epoch' + ${before[0]}::bigint * interval '1 microsecond', ${before[1]}::uuid)`;
  return build.execute<{ session: unknown; microseconds: string }>(sql`
    select jsonb_build_object('id', s.id, 'kind', s.kind, 'created_at', s.created_at, 'last_seen_at', s.last_seen_at,
        'expires_at', s.expires_at, 'address', s.address, 'agent', s.agent, 'current', s.id = ${sessionId}::uuid)
        as session,
      (extract(epoch from s.created_at) * 1000000)::bigint::text as microseconds
    from sessions as s join users as u on u.id = s.user_id
    where s.user_id = ${userId}::uuid and is_session_open(s, u) ${behind ?? sql``}
    order by s.created_at desc, s.id desc limit ${limit}`);
}

/** Ends one session (`end_session`). */
export function endSession(id: string, { userId, sessionId }: OwnSession, origin: Origin) {
  return build.execute<{ is_ended: boolean }>(
    sql`select end_session(${id}::uuid, ${userId}::uuid, ${sessionId}::uuid, ${jsonOfOrigin(origin)}) as is_ended`,
  );
}

/** Ends all sessions, or all others (`end_sessions`). */
export function endSessions({ userId, sessionId }: OwnSession, isThisKept: boolean, origin: Origin) {
  return build.execute<{ ended: number }>(
    sql`select end_sessions(${userId}::uuid, ${sessionId}::uuid, ${isThisKept}, ${jsonOfOrigin(origin)}) as ended`,
  );
}
