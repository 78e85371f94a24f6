import { sql, type SQL } from 'drizzle-orm';
import { build, instant } from '../db/index.ts';
import { isDue } from './queries.ts';

/** A time by the database's clock, which is what events and attempts are dated by. */
export interface StatsWindow {
  readonly since: Date;
  readonly until: Date;
}

/** What is counted of a group: by hour and type, and of all together. */
const sums = sql`
  coalesce(sum(received), 0) as received, coalesce(sum(processed), 0) as processed,
  coalesce(sum(ignored), 0) as ignored, coalesce(sum(failed), 0) as failed, coalesce(sum(dead), 0) as dead`;

/**
 * The inbox within a time. Everything counts in the hour in which it happened: an event when it was received, an
 * attempt when it ended. Row: `stats` (`storedStats`).
 */
export function findStats(window: StatsWindow) {
  return build.execute<{ stats: unknown }>(sql`
    with ${happened(window)}, ${counted}
    select jsonb_build_object(
      'hours', ${hours}, 'totals', ${totals}, 'backlog', ${backlog}, 'oldest_waiting', ${oldestWaiting},
      'rejected', ${rejected(window)}, 'last_gap_check', ${lastGapCheck}) as stats`);
}

function within(column: SQL, { since, until }: StatsWindow): SQL {
  return sql`${column} >= ${instant(since)} and ${column} < ${instant(until)}`;
}

/** One row for each thing that happened. An event that nobody was to process was ignored when it came. */
function happened(window: StatsWindow): SQL {
  return sql`
    happened as (
      select received_at as at, event_type as type, 1 as received, 0 as processed,
        (status = 'ignored' and ignored_reason <> 'by_admin' and attempts = 0)::int as ignored, 0 as failed, 0 as dead,
        null::numeric as latency
      from webhook_events where ${within(sql`received_at`, window)}
      union all
      select attempt.ended_at, attempt.event_type, 0, (attempt.outcome = 'processed')::int,
        (attempt.outcome = 'ignored')::int, (attempt.outcome in ('failed', 'lost'))::int,
        (event.status = 'dead' and event.attempts = attempt.attempt)::int,
        case when attempt.outcome = 'processed'
          then extract(epoch from attempt.ended_at - event.received_at) * 1000 end
      from webhook_attempts as attempt join webhook_events as event on event.event_id = attempt.event_id
      where ${within(sql`attempt.ended_at`, window)}
      union all
      select act.acted_at, event.event_type, 0, 0, 1, 0, 0, null
      from webhook_actions as act join webhook_events as event on event.event_id = act.event_id
      where act.action = 'ignore' and ${within(sql`act.acted_at`, window)}
    )`;
}

const counted = sql`
    counted as (
      select date_trunc('hour', at, 'UTC') as hour, type, grouping(type) = 1 as is_all, ${sums},
        percentile_disc(array[0.5, 0.95, 0.99]) within group (order by latency) as latencies
      from happened group by grouping sets ((date_trunc('hour', at, 'UTC'), type), ())
    )`;

const members = sql`
  'received', received, 'processed', processed, 'ignored', ignored, 'failed', failed, 'dead', dead,
  'latency_ms', jsonb_build_object('p50', round(latencies[1]), 'p95', round(latencies[2]), 'p99', round(latencies[3]))`;

const hours = sql`(
  select coalesce(jsonb_agg(jsonb_build_object('hour', hour, 'type', type, ${members}) order by hour, type), '[]')
  from counted where not is_all)`;

const totals = sql`(select jsonb_build_object(${members}) from counted where is_all)`;

const backlog = sql`(
  select jsonb_build_object('pending', count(*) filter (where status = 'pending'),
    'failed', count(*) filter (where status = 'failed'), 'processing', count(*) filter (where status = 'processing'),
    'dead', count(*) filter (where status = 'dead'), 'due', count(*) filter (where ${isDue}))
  from webhook_events where status in ('pending', 'processing', 'failed', 'dead'))`;

/** Of each status the oldest, which its index has first. */
const oldestWaiting = sql`(
  select jsonb_build_object('event_id', oldest.event_id,
    'seconds', greatest(0, floor(extract(epoch from clock_timestamp() - oldest.received_at))))
  from unnest(array['pending', 'processing', 'failed']) as waiting (status)
  cross join lateral (
    select event_id, received_at from webhook_events as event where event.status = waiting.status
    order by received_at, event_id limit 1
  ) as oldest
  order by oldest.received_at, oldest.event_id limit 1)`;

function rejected(window: StatsWindow): SQL {
  return sql`(
    select coalesce(jsonb_object_agg(code, refused), '{}')
    from (
      select code, sum(count) as refused from webhook_rejections where ${within(sql`minute`, window)} group by code
    ) as by_code)`;
}

const lastGapCheck = sql`(
  select jsonb_build_object('window_since', window_since, 'window_until', window_until, 'listed', listed,
    'stored', stored, 'started_at', started_at, 'updated_at', updated_at, 'finished_at', finished_at)
  from gap_checks order by id desc limit 1)`;
