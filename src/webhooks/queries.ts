import { sql, type SQL } from 'drizzle-orm';
import { build, instant } from '../db/index.ts';
import { webhookEvents } from './tables.ts';

/** A worker that has not come back by then is taken for dead. */
const leaseSeconds = 60;
/** How long after each failure an event is tried again; when the try after the last one fails, it is dead. */
const retryDelaysSeconds = [10, 30, 120, 600, 3600, 14_400, 43_200, 86_400] as const;

export interface ReceivedEvent {
  readonly eventId: string;
  readonly eventType: string;
  readonly apiVersion: string | null;
  readonly livemode: boolean;
  readonly stripeCreated: Date;
  readonly receivedBy: 'webhook' | 'events_api' | 'replay';
  /** Of the object that the event is about, where it says so. */
  readonly stripeCustomerId: string | null;
  /** Where it does not: a refund and a dispute name the payment alone. */
  readonly paymentIntentId: string | null;
  readonly payload: string;
  readonly status: 'pending' | 'ignored';
  readonly ignoredReason: string | null;
}

/** Puts events into the inbox ({@link insertEvents}); a row for each that was not there. */
export function storeEvents(events: readonly [ReceivedEvent, ...ReceivedEvent[]]) {
  return build.execute<{ event_id: string }>(insertEvents(events));
}

/**
 * The insertion of events, with the id of each that was not there. While an account moves to another API version, Stripe
 * sends each event once in either: the one that can be read takes the place of the one that could not. Plain SQL, because
 * every delivery runs it, and the builder took longer to write it than the whole driver to send it.
 */
export function insertEvents(events: readonly [ReceivedEvent, ...ReceivedEvent[]]): SQL {
  return sql`
    insert into webhook_events as present (event_id, event_type, api_version, livemode, stripe_created, received_by,
      stripe_customer_id, payload, status, ignored_reason)
    values ${sql.join(events.map(insertedRow), sql`, `)}
    on conflict (event_id) do update set event_type = excluded.event_type, api_version = excluded.api_version,
      livemode = excluded.livemode, stripe_created = excluded.stripe_created, received_by = excluded.received_by,
      stripe_customer_id = excluded.stripe_customer_id, payload = excluded.payload, status = excluded.status,
      ignored_reason = excluded.ignored_reason
    where present.status = 'ignored' and present.ignored_reason = 'api_version' and excluded.status = 'pending'
    returning event_id`;
}

function insertedRow(event: ReceivedEvent): SQL {
  return sql`(${event.eventId}, ${event.eventType}, ${event.apiVersion}, ${event.livemode},
    ${instant(event.stripeCreated)}, ${event.receivedBy}, ${payerIn(event)}, ${event.payload}, ${event.status},
    ${event.ignoredReason})`;
}

/** It was ignored because it came in another API version than ours. */
export function isOfOtherRelease(events: typeof webhookEvents) {
  return sql`(${events.status} = 'ignored' and ${events.ignoredReason} = 'api_version')`;
}

/** An event as the inbox keeps it. */
export function newEvent(event: ReceivedEvent) {
  const { paymentIntentId: _paymentIntentId, ...kept } = event;
  return { ...kept, stripeCustomerId: payerIn(event) };
}

/** Stripe's customer: the one that the event names, or that of its payment, where that is known here. */
function payerIn({ stripeCustomerId, paymentIntentId }: ReceivedEvent): string | SQL | null {
  if (stripeCustomerId !== null || paymentIntentId === null) return stripeCustomerId;
  return sql`(
    select customers.stripe_customer_id from payments join customers on customers.id = payments.customer_id
    where payments.stripe_payment_intent_id = ${paymentIntentId})`;
}

/** What a worker has been given: an event, and the number of the attempt, which it proves its claim with. */
export interface Claim {
  readonly eventId: string;
  readonly attempt: number;
}

interface ClaimAnswer {
  readonly [column: string]: unknown;
  readonly outcome: 'claimed' | 'busy' | 'waits' | 'buried' | 'done';
  /** Of an event that is claimed. */
  readonly payload: string | null;
  readonly attempt: number | null;
  readonly event_type: string | null;
  /** Of one that waits. */
  readonly due_in_seconds: number | null;
}

/** Takes a due event for one worker; the SQL function says what the outcomes are. */
export function claimEvent(eventId: string) {
  return build.execute<ClaimAnswer>(sql`
    select * from claim_webhook_event(${eventId}, ${leaseSeconds}::int, ${retryDelaysSeconds.length}::int)`);
}

/** Takes the next due event of an event's customer, if it should: after the event has ended, in the same batch. */
export function claimNextEvent(eventId: string, takesNext: boolean) {
  return build.execute<{ event_id: string; payload: string; attempt: number }>(sql`
    select next.* from claim_next_webhook_event(
      ${takesNext ? eventId : null}, ${leaseSeconds}::int, ${retryDelaysSeconds.length}::int) as next`);
}

/** Raised when another worker has taken the event over. */
export const claimLost = 'RC410';

/** Begins the batch that commits the event's effects: without the claim, none of them happens. */
export function completeEvent({ eventId, attempt }: Claim, customerId: string) {
  return build.execute(sql`select complete_webhook_event(${eventId}, ${attempt}::int, ${customerId}::uuid)`);
}

export function ignoreEvent(claim: Claim, reason: string) {
  return endAttempt(claim, 'ignored', reason);
}

/** Puts the event off, or buries it. */
export function failEvent(claim: Claim, error: string) {
  return endAttempt(claim, 'failed', error);
}

function endAttempt({ eventId, attempt }: Claim, outcome: 'ignored' | 'failed', detail: string) {
  const delays = sql`${`{${retryDelaysSeconds.join()}}`}::int[]`;
  return build.execute<{ status: string; due_in_seconds: number | null }>(sql`
    select * from end_webhook_attempt(${eventId}, ${attempt}::int, ${outcome}, ${detail}, null, ${delays})`);
}

/** Due: its time has come, or the worker that had it is gone. */
export const isDue = sql`(
  (${webhookEvents.status} in ('pending', 'failed') and ${webhookEvents.nextAttemptAt} <= now())
  or (${webhookEvents.status} = 'processing' and ${webhookEvents.leaseUntil} <= now()))`;

/** Of how many due events the first of each customer is looked for. */
const dueAtMost = 50_000;

/**
 * What is due, for whoever sweeps: of each customer the event that comes first. The others are done after it, so that a
 * customer with thousands of them keeps nobody else's from being found.
 */
export function findDueEvents(limit: number) {
  return build.execute<{ event_id: string }>(sql`
    with due as materialized (
      select event_id, next_attempt_at, coalesce(stripe_customer_id, event_id) as whose, stripe_created, received_at
      from ${webhookEvents}
      where status in ('pending', 'failed', 'processing') and next_attempt_at <= now() and ${isDue}
      order by next_attempt_at limit ${dueAtMost}
    ), first_of_each as (
      select distinct on (whose) event_id, next_attempt_at from due
      order by whose, stripe_created, received_at, event_id
    )
    select event_id from first_of_each order by next_attempt_at limit ${limit}`);
}

/** The first due event of an event's customer, without taking it. */
export function findNextOfCustomer(eventId: string) {
  return build.execute<{ event_id: string }>(sql`
    select next.event_id from webhook_events as ended
    join webhook_events as next on next.stripe_customer_id = ended.stripe_customer_id
    where ended.event_id = ${eventId} and next.status in ('pending', 'failed') and next.next_attempt_at <= now()
    order by next.stripe_created, next.received_at, next.event_id limit 1`);
}
