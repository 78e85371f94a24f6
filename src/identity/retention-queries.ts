import { sql } from 'drizzle-orm';
import { build } from '../db/index.ts';

/** Each deletes, or clears, some at a time of what is due, and answers how many. What is in use is left for later. */

/** What happened to accounts more than a year ago: a trigger keeps what is younger. */
export function deleteOldAuthEvents(limit: number) {
  return build.execute<{ count: number }>(sql`
    with old as (
      select id from auth_events where created_at < now() - interval '1 year'
      order by created_at limit ${limit} for update skip locked
    ), deleted as (
      delete from auth_events as event using old where event.id = old.id returning 1
    )
    select count(*)::int as count from deleted`);
}

/** Sessions that were over for 30 days by their own time, with their tokens. */
export function deleteOldSessions(limit: number) {
  return build.execute<{ count: number }>(sql`
    with old as (
      select id from sessions where expires_at < now() - interval '30 days'
      order by expires_at limit ${limit} for update skip locked
    ), deleted as (
      delete from sessions as session using old where session.id = old.id returning 1
    )
    select count(*)::int as count from deleted`);
}

/** Refresh tokens that are over for a day: until they are, one that comes twice ends its session. */
export function deleteOldRefreshTokens(limit: number) {
  return build.execute<{ count: number }>(sql`
    with old as (
      select token_hash from refresh_tokens where expires_at < now() - interval '1 day'
      order by expires_at limit ${limit} for update skip locked
    ), deleted as (
      delete from refresh_tokens as token using old where token.token_hash = old.token_hash returning 1
    )
    select count(*)::int as count from deleted`);
}

/** Successors of refresh tokens, which nobody is given again after the first seconds. */
export function clearSealedSuccessors(limit: number) {
  return build.execute<{ count: number }>(sql`
    with done as (
      select token_hash from refresh_tokens
      where sealed_successor is not null and consumed_at < now() - interval '1 minute'
      order by consumed_at limit ${limit} for update skip locked
    ), cleared as (
      update refresh_tokens as token set sealed_successor = null from done
      where token.token_hash = done.token_hash returning 1
    )
    select count(*)::int as count from cleared`);
}
