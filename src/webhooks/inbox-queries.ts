import { sql, type SQL } from 'drizzle-orm';
import { build } from '../db/index.ts';
import {
  accountOfFilter,
  allOf,
  conditionsOf,
  familyOf,
  isOfCustomer,
  namesCustomer,
} from './filter-queries.ts';
import { eventStatuses, type EventFilter, type EventSource } from './inbox-filter.ts';

/** An event's place in the list, which is the newest first: when it came (microseconds since 1970), and its id. */
export type EventPosition = readonly [microseconds: number, eventId: string];

export interface EventPage extends EventFilter {
  readonly receivedBy: EventSource | undefined;
  readonly before: EventPosition | undefined;
  readonly limit: number;
}

/** What a list tells of `event` (`storedEvent`). */
export const listedColumns = sql`event.event_id, event.event_type as type, event.status, event.ignored_reason,
  event.attempts, event.failures, event.last_error, event.customer_id, event.stripe_customer_id, event.received_by,
  event.api_version, event.livemode, event.stripe_created, event.received_at, event.processed_at,
  case when event.status in ('pending', 'failed') then event.next_attempt_at end as next_attempt_at`;

/**
 * Events that a filter lets through, newest first. Each way of filtering goes by an index that has them in this order
 * already; the branches are put together afterwards. Row: `event` (`storedEvent`) and `microseconds`, its position.
 */
export function listEvents(page: EventPage) {
  return build.execute<{ event: unknown; microseconds: string }>(sql`
    with recursive ${accountOfFilter(page.customer)}, ${typesInInbox}
    select to_jsonb(event) as event, (extract(epoch from event.received_at) * 1000000)::bigint::text as microseconds
    from (${sql.join([...branchesOf(page)], sql` union all `)}) as event
    order by event.received_at desc, event.event_id desc limit ${page.limit}`);
}

/** Each type that there is, found one after the other by the index: there are many events, and few types. */
const typesInInbox = sql`event_types as (
    (select event_type as name from webhook_events order by event_type limit 1)
    union all
    select (select event_type from webhook_events where event_type > event_types.name order by event_type limit 1)
    from event_types where event_types.name is not null
  )`;

function branchesOf(page: EventPage): readonly SQL[] {
  const { customer, receivedBy, type, statuses } = page;
  if (customer !== undefined) return [newest(page, isOfCustomer), newest(page, namesCustomer)];
  // That it is among the others is said once more, for the index, which has only those.
  if (receivedBy !== undefined && receivedBy !== 'webhook') {
    return [newest(page, sql`event.received_by <> 'webhook'`)];
  }
  if (type === undefined && statuses === undefined) return [newest(page)];
  return (statuses ?? eventStatuses).map((status) => ofStatus(page, status));
}

function newest(page: EventPage, ...more: readonly SQL[]): SQL {
  return sql`(
    select ${listedColumns} from webhook_events as event where ${allOf([...more, ...allConditionsOf(page)])}
    order by event.received_at desc, event.event_id desc limit ${page.limit})`;
}

/** Events of a status, and of one type, or of each type of a family, if that is asked for. */
function ofStatus(page: EventPage, status: string): SQL {
  const { type } = page;
  if (type === undefined) return newestWithin(page, [{ column: sql`event.status`, value: sql`${status}` }]);
  const family = familyOf(type);
  const within = (name: SQL) =>
    newestWithin(page, [
      { column: sql`event.event_type`, value: name },
      { column: sql`event.status`, value: sql`${status}` },
    ]);
  if (family === undefined) return within(sql`${type}`);
  return sql`(
    select found.* from event_types
    cross join lateral ${within(sql`event_types.name`)} as found
    where starts_with(event_types.name, ${family}))`;
}

/**
 * The newest of one stretch of an index that begins with these columns: asked for by its ends and in its whole order,
 * since what is rare or never comes together is otherwise looked for among all events, the newest first.
 */
function newestWithin(
  page: EventPage,
  prefix: readonly { readonly column: SQL; readonly value: SQL }[],
): SQL {
  const { since, until, before, limit } = page;
  const columns = [...prefix.map(({ column }) => column), sql`event.received_at`, sql`event.event_id`];
  const place = sql.join([...columns], sql`, `);
  const values = sql.join(
    prefix.map(({ value }) => value),
    sql`, `,
  );
  const end = before === undefined ? sql`${until ?? 'infinity'}::timestamptz, ''` : positionOf(before);
  const conditions = [
    sql`(${place}) >= (${values}, ${since ?? '-infinity'}::timestamptz, '')`,
    sql`(${place}) < (${values}, ${end})`,
    ...allConditionsOf({ ...page, statuses: undefined, type: undefined }),
  ];
  const order = sql.join(
    columns.map((column) => sql`${column} desc`),
    sql`, `,
  );
  return sql`(
    select ${listedColumns} from webhook_events as event where ${allOf(conditions)} order by ${order} limit ${limit})`;
}

function allConditionsOf(page: EventPage): readonly SQL[] {
  const { receivedBy, before } = page;
  return [
    ...conditionsOf(page),
    ...(receivedBy === undefined ? [] : [sql`event.received_by = ${receivedBy}`]),
    ...(before === undefined ? [] : [sql`(event.received_at, event.event_id) < (${positionOf(before)})`]),
  ];
}

function positionOf([microseconds, eventId]: EventPosition): SQL {
  return sql`timestamptz 'epoch' + ${microseconds}::bigint * interval '1 microsecond', ${eventId}`;
}

/** What of each kind of thing is shown with an event: the newest. */
const rowsAtMost = 100;

/** The newest rows of a select that has `position`, in that order, as JSON. */
function list(select: SQL): SQL {
  return sql`(
    select coalesce(jsonb_agg(to_jsonb(part) - 'position' order by part.position), '[]')
    from (${select} order by position desc limit ${rowsAtMost}) as part)`;
}

const attempts = sql`
  select attempt as position, attempt, started_at, ended_at,
    round(extract(epoch from ended_at - started_at) * 1000)::int as duration_ms, outcome, error
  from webhook_attempts where event_id = event.event_id`;

const actions = sql`
  select id as position, action, actor, reason, request_id, acted_at
  from webhook_actions where event_id = event.event_id`;

const creditTransactions = sql`
  select sequence as position, id, customer_id, transaction_type, amount, debt_change, balance_after, source_ref,
    description, created_at
  from credit_transactions where event_id = event.event_id`;

const subscriptionChanges = sql`
  select change.id as position, change.subscription_id, subscription.stripe_subscription_id, change.customer_id,
    change.changes, change.changed_at
  from subscription_changes as change join subscriptions as subscription on subscription.id = change.subscription_id
  where change.event_id = event.event_id`;

const outboundEvents = sql`
  select (created_at, id) as position, id, event_type as type, customer_id, data, occurred_at
  from outbound_events where cause_event_id = event.event_id`;

/**
 * One event with its payload, its attempts, what was done about it, and what it changed, of one instant. Row: `event`
 * (`storedDetail`), and `payload`, null once it was cleaned away. No row: the inbox does not know it.
 */
export function findEvent(eventId: string) {
  return build.execute<{ event: unknown; payload: string | null }>(sql`
    select event.payload, to_jsonb(listed) || jsonb_build_object(
      'attempts_log', ${list(attempts)}, 'actions', ${list(actions)},
      'changes', jsonb_build_object('credit_transactions', ${list(creditTransactions)},
        'subscription_changes', ${list(subscriptionChanges)}, 'outbound_events', ${list(outboundEvents)})
    ) as event
    from webhook_events as event cross join lateral (select ${listedColumns}) as listed
    where event.event_id = ${eventId}`);
}
