import { sql, type SQL } from 'drizzle-orm';
import { build, instant } from '../db/index.ts';
import { insertEvents, isOfOtherRelease, type ReceivedEvent } from './queries.ts';
import { webhookEvents } from './tables.ts';

/** Stripe remembers an event for 30 days. */
const horizonSeconds = 30 * 86_400;
/** An event may be listed later than it happened: the end of one look is looked at again by the next. */
const overlapSeconds = 600;

/**
 * The look at Stripe's list that is under way, or else a new one, up to an instant: from where the last one ended, but
 * not further back than Stripe remembers. The very first one begins when the first customer came: an account's history
 * of before is not ours. No row: another worker has begun one this moment.
 */
export function openGapCheck(until: Date) {
  const latest = instant(until);
  const earliest = sql`${latest} - make_interval(secs => ${horizonSeconds}::int)`;
  // By when it was looked, and not by how far: a clock that was ahead, and is right again, leaves nothing out.
  const lastEnd = sql`(select window_until from gap_checks where finished_at is not null order by id desc limit 1)`;
  const begin = sql`least(${latest}, coalesce(${lastEnd}, (select min(created_at) from customers)))`;
  const since = sql`${begin} - make_interval(secs => ${overlapSeconds}::int)`;
  return build.execute<{
    id: string;
    since_seconds: number;
    until_seconds: number;
    resume_after: string | null;
    is_resumed: boolean;
  }>(sql`
    with present as (
      select *, true as is_resumed from gap_checks where finished_at is null
    ), begun as (
      insert into gap_checks (window_since, window_until)
      select greatest(${since}, ${earliest}), ${latest} where not exists (select from present)
      on conflict do nothing
      returning *, false as is_resumed
    )
    select id::text, extract(epoch from window_since)::float8 as since_seconds,
      extract(epoch from window_until)::float8 as until_seconds, resume_after, is_resumed
    from (select * from present union all select * from begun) as opened`);
}

/** A page of Stripe's list that has been read: it is behind `from`, and the next one behind `to` (null: the last). */
export interface GapStep {
  readonly checkId: string;
  readonly from: string | null;
  readonly to: string | null;
  /** How many events of handled types it has. */
  readonly listed: number;
}

/**
 * Which of a page's events the inbox lacks, or has only in a release that is not ours. When it is none, the check goes
 * on behind the page.
 */
export function passGapPage(step: GapStep, eventIds: readonly string[]) {
  const { checkId, from } = step;
  return build.execute<{ event_id: string }>(sql`
    with lacking as (
      select listed.event_id from unnest(${`{${eventIds.join()}}`}::text[]) as listed (event_id)
      where not exists (
        select from ${webhookEvents}
        where ${webhookEvents.eventId} = listed.event_id and not ${isOfOtherRelease(webhookEvents)})
    ), passed as (
      update gap_checks set ${goOn(step, sql`0`)}
      where id = ${checkId}::bigint and ${isAt(from)} and not exists (select from lacking)
    )
    select event_id from lacking`);
}

/**
 * Stores what the inbox lacks of a page, counts what was stored, and goes on behind the page, all or nothing; rows for
 * the events that were stored. Two workers at one page store each event once, and both their counts are kept.
 */
export function storeGap(step: GapStep, events: readonly [ReceivedEvent, ...ReceivedEvent[]]) {
  return build.execute<{ event_id: string }>(sql`
    with stored as (${insertEvents(events)}), passed as (
      update gap_checks set ${goOn(step, sql`(select count(*) from stored)`)} where id = ${step.checkId}::bigint
    )
    select event_id from stored`);
}

/** Begins a check's window anew, because Stripe knows the event no more behind which it was to go on. */
export function restartGapCheck(checkId: string, from: string | null) {
  return build.execute(sql`
    update gap_checks set resume_after = null, listed = 0, updated_at = now()
    where id = ${checkId}::bigint and ${isAt(from)}`);
}

/** Nobody else has gone on from there meanwhile. */
function isAt(from: string | null): SQL {
  return sql`(finished_at is null and resume_after is not distinct from ${from}::text)`;
}

function goOn({ from, to, listed }: GapStep, stored: SQL): SQL {
  return sql`
    updated_at = now(),
    stored = stored + ${stored},
    listed = listed + case when ${isAt(from)} then ${listed}::int else 0 end,
    resume_after = case when ${isAt(from)} then ${to}::text else resume_after end,
    finished_at = case when ${isAt(from)} and ${to}::text is null then now() else finished_at end`;
}
