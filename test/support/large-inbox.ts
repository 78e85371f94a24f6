import type { TestDatabase } from './database.ts';

const types = ['invoice.paid', 'charge.refunded', 'customer.subscription.updated', 'refund.created'];

/**
 * The inbox of a busy shop in the middle of an outage: a million events, each with an attempt. One in five hundred is
 * dead, the newest twenty thousand have failed and are due; all others are done, and their payloads cleaned.
 */
export async function fillInbox(database: TestDatabase): Promise<void> {
  const events = 1_000_000;
  const type = `(array['${types.join("', '")}'])[1 + i % ${types.length}]`;
  const at = `now() - interval '1 second' * (${events} - i) - interval '10 minutes'`;
  const status = `case when i > ${events} - 20000 then 'failed' when i % 500 = 0 then 'dead' else 'processed' end`;
  const client = await database.connect();
  // A million looks at what it says would take longer than everything else.
  await client.query(`
    alter table webhook_attempts drop constraint webhook_attempts_event_id_fk;
    alter table webhook_attempts disable trigger user;
    alter table webhook_events disable trigger user`);
  await client.query(
    `insert into webhook_events (event_id, event_type, livemode, stripe_created, payload, status, attempts, failures,
       next_attempt_at, received_at, processed_at)
     select 'evt_large' || i, ${type}, false, at, case when status <> 'processed' then '{}' end, status, 1, 0, at, at, at
     from generate_series(1, ${events}) as i
     cross join lateral (select ${at} as at, ${status} as status) as event`,
  );
  await client.query(
    `insert into webhook_attempts (event_id, attempt, event_type, started_at, ended_at, outcome)
     select 'evt_large' || i, 1, ${type}, ${at}, ${at},
       case when ${status} = 'processed' then 'processed' else 'failed' end
     from generate_series(1, ${events}) as i`,
  );
  await client.query(`
    alter table webhook_attempts enable trigger user;
    alter table webhook_events enable trigger user;
    select recount_metrics()`);
  await client.query('analyze');
}
