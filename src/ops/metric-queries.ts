import { sql, type SQL } from 'drizzle-orm';
import type { CountedRow } from '../core/counts.ts';
import { build } from '../db/index.ts';

/** Sums up what triggers have counted, and the ledger; the SQL function says how. */
export function sumUpChanges() {
  return build.execute(sql`select roll_up_metrics()`);
}

/** Adds what an isolate has counted. */
export function addCounts(rows: readonly CountedRow[]) {
  // In one order, so that two writers do not wait for each other.
  return build.execute(sql`
    insert into metric_counts as known (name, labels, count, amount)
    select name, labels, count, amount
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
      as counted (name text, labels text[], count bigint, amount double precision)
    order by name, labels
    on conflict (name, labels) do update
    set count = known.count + excluded.count, amount = known.amount + excluded.amount`);
}

/**
 * All that metrics tell, of one instant. What would have to be counted among ever more rows has been counted as it
 * happened; the ledger is added up from where its totals end. Row: `samples` (`storedSamples`).
 */
export function findSamples() {
  const parts = [counted, subscriptions, revenue, ledger, waitingEvents, holds, openAlerts, deliveries, ages];
  return build.execute<{ samples: unknown }>(sql`
    with counted as materialized (
      select name, labels, sum(count) as count, sum(amount) as amount
      from (select * from metric_counts union all select * from metric_changes) as parts group by name, labels
    ), subscribed as (
      select plan.plan_key, price.currency, price.interval, price.amount_minor,
        labels[2] as status, labels[3] as is_ending, labels[4] = 'true' as is_collected, count, amount as quantity
      from counted join prices as price on price.id = labels[1]::uuid
      join subscription_plans as plan on plan.id = price.plan_id
      where counted.name = 'subscriptions'
    ), samples (name, labels, count, amount) as (${sql.join(parts, sql` union all `)})
    select jsonb_agg(jsonb_build_object('name', name, 'labels', to_jsonb(labels), 'count', count, 'amount', amount)
      order by name, labels) as samples
    from samples`);
}

const counted = sql`select name, labels, count, amount from counted where name <> 'subscriptions'`;

/** Those that are over are no more told. */
const subscriptions = sql`
  select 'subscriptions', array[plan_key, status], sum(count), sum(quantity) from subscribed
  where status not in ('canceled', 'incomplete_expired') group by plan_key, status`;

/** A month's worth of each year, which may be no whole minor unit. */
const revenue = sql`
  select 'monthly_recurring_revenue_minor_units', array[currency, status, is_ending], sum(count),
    sum(amount_minor * quantity * case interval when 'year' then 1 else 12 end) / 12
  from subscribed where status in ('active', 'past_due') and is_collected group by currency, status, is_ending`;

/** Of each type, where it went. What left no balance, and is none of the others, was withdrawn. */
const ledger = sql`
  select known.name, known.labels, sum(known.count), sum(known.amount)
  from (
    select transaction_type, sum(transactions) as transactions, sum(added) as added, sum(removed) as removed,
      sum(debt_change) as debt_change
    from (
      select transaction_type, transactions, added, removed, debt_change from ledger_totals
      union all
      select transaction_type, 1, greatest(amount, 0), greatest(-amount, 0), debt_change from credit_transactions
      where position > (select position from ledger_marks where ledger = 'credit_transactions')
    ) as entries
    group by transaction_type
  ) as types
  cross join lateral (values
    ('credit_transactions', array[transaction_type], transactions, 0),
    ('credits_granted', array[transaction_type], transactions, added),
    (case when transaction_type in ('spend', 'capture') then 'credits_spent' else 'credits_withdrawn' end,
      array[transaction_type], transactions,
      case when transaction_type in ('expiry', 'clawback') then 0 else removed end),
    ('credits_expired', '{}', transactions, case when transaction_type = 'expiry' then removed end),
    ('credits_clawed_back', '{}', transactions, case when transaction_type = 'clawback' then removed end),
    ('credits_balance', '{}', transactions, added - removed),
    ('credits_debt', '{}', transactions, debt_change)
  ) as known (name, labels, count, amount)
  where known.amount <> 0 or known.name = 'credit_transactions'
  group by known.name, known.labels`;

/** How many there are of each: as many as wait, or wait for somebody to look at them. */
const waitingEvents = sql`
  select 'webhook_events', array[status], count(*), 0 from webhook_events
  where status in ('pending', 'processing', 'failed', 'dead') group by status`;

const holds = sql`
  select 'holds', array[]::text[], count(*), coalesce(sum(amount), 0) from credit_holds where status = 'active'`;

const openAlerts = sql`
  select 'open_alerts', array[kind], count(*), 0 from alerts where closed_at is null group by kind`;

const deliveries = sql`
  select 'outbound_deliveries_waiting', array[status], count(*), 0 from event_deliveries
  where status in ('pending', 'delivering') group by status`;

/** In seconds; no row of what never was. An event that is not due does not age. */
const ages: SQL = sql`
  select name, array[]::text[], 1, greatest(0, extract(epoch from state.present - at))
  from operational_state() as state
  cross join lateral (values
    ('webhook_oldest_due_event_age_seconds', coalesce(oldest_due_at, present)), ('cron_age_seconds', cron_at),
    ('queue_age_seconds', queue_at), ('stripe_contact_age_seconds', stripe_at)) as known (name, at)
  where at is not null`;
