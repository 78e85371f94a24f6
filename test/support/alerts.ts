import type { TestDatabase } from './database.ts';

type Query = TestDatabase['query'];

let events = 0;

/** Rows of the inbox, and its attempts, as workers leave them: written where a test needs a past of its own. */
export function inboxOf(query: Query) {
  const event = async (type: string, status = 'failed', dueSecondsAgo = -60): Promise<string> => {
    events += 1;
    const id = `evt_alerts${events}`;
    await query(
      `insert into webhook_events (event_id, event_type, livemode, stripe_created, payload, status, next_attempt_at)
       values ($1, $2, false, now(), '{}', $3, now() - make_interval(secs => $4))`,
      [id, type, status, dueSecondsAgo],
    );
    return id;
  };
  return {
    event,
    /** An attempt of an event, under way unless it is said what came of it. */
    async attempt(eventId: string, outcome?: 'processed' | 'ignored' | 'failed' | 'lost', secondsAgo = 0) {
      await query(
        `insert into webhook_attempts (event_id, attempt, event_type, started_at, ended_at, outcome, error)
         select $1, 1 + (select count(*) from webhook_attempts where event_id = $1), event_type,
           clock_timestamp() - make_interval(secs => $3),
           case when $2::text is not null then clock_timestamp() - make_interval(secs => $3) end, $2,
           case when $2 in ('failed', 'lost') then 'stripe_unavailable' end
         from webhook_events where event_id = $1`,
        [eventId, outcome ?? null, secondsAgo],
      );
    },
    /** An event of a type for each outcome, in that order. */
    async attempts(type: string, ...outcomes: readonly ('processed' | 'ignored' | 'failed' | 'lost')[]) {
      const ids: string[] = [];
      for (const outcome of outcomes) {
        const id = await event(type, outcome === 'lost' ? 'failed' : outcome);
        await this.attempt(id, outcome);
        ids.push(id);
      }
      return ids;
    },
  };
}

/** What changed by one look at what is wrong: `opened kind subject`. */
export async function evaluated(query: Query, failuresInARow = 5): Promise<readonly string[]> {
  const rows = await query<{ line: string }>(
    `select trim(change || ' ' || alert_kind || ' ' || alert_subject) as line from evaluate_alerts($1) order by 1`,
    [failuresInARow],
  );
  return rows.map(({ line }) => line);
}

/** Every alert that was ever opened: `kind subject open` or `… closed`, the oldest first. */
export async function alertsOf(query: Query): Promise<readonly string[]> {
  const rows = await query<{ line: string }>(
    `select concat_ws(' ', kind, nullif(subject, ''), case when closed_at is null then 'open' else 'closed' end) as line
     from alerts order by opened_at, kind, subject`,
  );
  return rows.map(({ line }) => line);
}

/** How often each change of an alert was told, by kind and subject: `alert.opened dead_events`. */
export async function toldOf(query: Query): Promise<Readonly<Record<string, number>>> {
  const rows = await query<{ what: string; times: number }>(
    `select concat_ws(' ', event_type, data ->> 'kind', nullif(data ->> 'subject', '')) as what, count(*)::int as times
     from outbound_events where event_type like 'alert.%' group by 1`,
  );
  return Object.fromEntries(rows.map(({ what, times }) => [what, times]));
}
