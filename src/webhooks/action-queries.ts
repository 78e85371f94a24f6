import { sql, type SQL } from 'drizzle-orm';
import { build } from '../db/index.ts';
import { accountOfFilter, allOf, conditionsOf } from './filter-queries.ts';
import type { EventFilter } from './inbox-filter.ts';
import { listedColumns } from './inbox-queries.ts';
import { newEvent, type ReceivedEvent } from './queries.ts';
import { webhookEvents } from './tables.ts';

/** Who acts, and why. An operation acts once on an event, however often it is repeated. */
export interface AdminAct {
  readonly actor: string;
  readonly reason: string | null;
  readonly requestId: string;
  readonly operationId: string;
}

export type ActOutcome = 'done' | 'already_processed' | 'already_ignored' | 'in_progress' | 'payload_cleaned';

/** Looked at anew, as if it had just come. */
const asNew = sql`status = 'pending', ignored_reason = null, failures = 0, next_attempt_at = clock_timestamp(),
  lease_until = null, processed_at = null`;
const asIgnored = sql`status = 'ignored', ignored_reason = 'by_admin', lease_until = null,
  processed_at = clock_timestamp()`;

/** Makes an event due at once that is not processed and that no worker has. Row: see {@link actOn}. */
export function retryByAdmin(eventId: string, act: AdminAct) {
  return actOn(eventId, act, {
    name: sql`'retry'`,
    change: asNew,
    refusal: sql`when event.payload is null then 'payload_cleaned'`,
  });
}

/** Lays an event aside that is not processed and that no worker has. Row: see {@link actOn}. */
export function ignoreByAdmin(eventId: string, act: AdminAct) {
  return actOn(eventId, act, {
    name: sql`'ignore'`,
    change: asIgnored,
    refusal: sql`when event.status = 'ignored' then 'already_ignored'`,
  });
}

interface Action {
  readonly name: SQL;
  readonly change: SQL;
  /** Branches of a `case` over `event`: what else is refused. */
  readonly refusal: SQL;
}

/**
 * The event is locked before it is looked at: what it is then decides, and nobody changes it in between. A worker that
 * did not come back has lost it. Row: `outcome`, and `event` (`storedEvent`) as it is afterwards. No row: the inbox does not know it.
 */
function actOn(eventId: string, act: AdminAct, { name, change, refusal }: Action) {
  return build.execute<{ outcome: ActOutcome; event: unknown }>(sql`
    with found as materialized (
      select case
          when exists (select from webhook_actions as done
            where done.operation_id = ${act.operationId}::uuid and done.event_id = event.event_id) then 'done'
          when event.status = 'processed' then 'already_processed'
          when event.status = 'processing' and event.lease_until > clock_timestamp() then 'in_progress'
          ${refusal}
        end as outcome, ${listedColumns}
      from webhook_events as event where event.event_id = ${eventId} for update
    ), changed as (
      update webhook_events as event set ${change}
      from found where event.event_id = found.event_id and found.outcome is null returning ${listedColumns}
    ), lost as (
      update webhook_attempts as attempt
      set ended_at = clock_timestamp(), outcome = 'lost', error = 'worker_lost'
      from changed
      where attempt.event_id = changed.event_id and attempt.attempt = changed.attempts and attempt.ended_at is null
    ), acted as (
      insert into webhook_actions (event_id, action, actor, reason, request_id, operation_id)
      select event_id, ${name}, ${act.actor}, ${act.reason}, ${act.requestId}, ${act.operationId}::uuid from changed
    )
    select coalesce(found.outcome, 'done') as outcome,
      coalesce((select to_jsonb(changed) from changed), to_jsonb(found) - 'outcome') as event
    from found`);
}

/** What one call retries, and rings the queue for: well within the time that a call to the database may take. */
const retriedAtMost = 1000;

export interface BulkRetry {
  readonly filter: EventFilter;
  /** How many events it must be that match, or none is touched; null: however many. */
  readonly expectedCount: number | null;
}

/** How many events match, for a retry of all of them. Row: `matched`. */
export function countMatching(filter: EventFilter) {
  return build.execute<{ matched: string }>(sql`
    with ${accountOfFilter(filter.customer)}
    select count(*)::text as matched from webhook_events as event where ${allOf(matching(filter))}`);
}

/**
 * Makes all that match due at once, the oldest first, as many as one call may. Those that somebody else has locked are
 * left: no two such calls wait for each other. Row: `matched`, `retried`, and `event_ids`, for the queue. When `matched` is not what was expected, nothing is done. What the same operation has done before, it counts
 * among them.
 */
export function retryMatching({ filter, expectedCount }: BulkRetry, act: AdminAct) {
  const conditions = allOf(matching(filter));
  return build.execute<{ matched: string; retried: string; event_ids: readonly string[] }>(sql`
    with ${accountOfFilter(filter.customer)},
    earlier as materialized (
      select count(*) as retried from webhook_actions where operation_id = ${act.operationId}::uuid
    ), present as materialized (
      select count(*) as matched from webhook_events as event where ${conditions}
    ), chosen as materialized (
      select event.event_id from webhook_events as event
      where ${conditions} and (select retried from earlier) = 0
        and (select matched from present) = coalesce(${expectedCount}::bigint, (select matched from present))
      order by event.received_at, event.event_id limit ${retriedAtMost} for update skip locked
    ), changed as (
      update webhook_events as event set ${asNew}
      from chosen where event.event_id = chosen.event_id returning event.event_id, event.received_at
    ), acted as (
      insert into webhook_actions (event_id, action, actor, reason, request_id, operation_id)
      select event_id, 'retry', ${act.actor}, ${act.reason}, ${act.requestId}, ${act.operationId}::uuid from changed
    )
    select (earlier.retried + present.matched)::text as matched,
      (earlier.retried + (select count(*) from changed))::text as retried,
      array(select event_id from changed order by received_at, event_id) as event_ids
    from earlier, present`);
}

/** Only what has failed or is dead can be retried by filter, and only while its payload is there. */
function matching(filter: EventFilter): readonly SQL[] {
  const ofCustomer =
    filter.customer === undefined
      ? []
      : [
          sql`(event.customer_id = (select id from account) or event.stripe_customer_id = (select stripe_id from account))`,
        ];
  return [...conditionsOf(filter), ...ofCustomer];
}

/** Puts an event into the inbox that an admin brings, if it is not there, and keeps who that was. */
export function storeByAdmin(event: ReceivedEvent, act: AdminAct) {
  const stored = build
    .insert(webhookEvents)
    .values(newEvent(event))
    .onConflictDoNothing()
    .returning({ eventId: webhookEvents.eventId });
  return build.execute(sql`
    with stored as ${stored}
    insert into webhook_actions (event_id, action, actor, reason, request_id, operation_id)
    select event_id, 'replay', ${act.actor}, ${act.reason}, ${act.requestId}, ${act.operationId}::uuid from stored`);
}

/** What the inbox has of an event, and whether this operation brought it. */
export function findStored(eventId: string, operationId: string) {
  return build.execute<{ status: string; is_ours: boolean }>(sql`
    select status, exists (
      select from webhook_actions as done
      where done.operation_id = ${operationId}::uuid and done.event_id = event.event_id) as is_ours
    from webhook_events as event where event_id = ${eventId}`);
}
