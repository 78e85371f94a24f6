import { sql } from 'drizzle-orm';
import { build, instant } from '../db/index.ts';

/** A worker that has not come back by then is taken for dead. */
const leaseSeconds = 60;
/** How long after each failure a delivery is tried again; when the try after the last one fails, it is dead. */
const retryDelaysSeconds = [5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400] as const;
/** An endpoint that has taken nothing for that long, and again does not, is disabled. */
const failingSeconds = 5 * 86_400;
/** How much an endpoint is told at a time. */
const atOnce = 20;
/** While it fails; each try of one that does not answer keeps a worker for as long as it is waited for. */
const atOnceFailing = 5;

/** Marks what is due as rung for, and answers it; the SQL function says when one is answered again. */
export function dispatchDue(limit: number) {
  return build.execute<{ delivery_id: string; was_rung: boolean }>(sql`
    select * from dispatch_deliveries(${limit}::int)`);
}

interface ClaimAnswer {
  readonly [column: string]: unknown;
  readonly outcome: 'claimed' | 'busy' | 'canceled' | 'buried' | 'done';
  readonly endpoint_id: string | null;
  readonly event_type: string | null;
}

/** Takes a due delivery for one worker; the SQL function says what the outcomes are, and `claimedDelivery` the rest. */
export function claimDelivery(deliveryId: string) {
  return build.execute<ClaimAnswer>(sql`
    select * from claim_delivery(${deliveryId}::uuid, ${leaseSeconds}::int, ${retryDelaysSeconds.length}::int,
      ${atOnce}::int, ${atOnceFailing}::int)`);
}

/** Raised when another worker has taken the delivery over. */
export const claimLost = 'RC410';

export interface DeliveryEnd {
  readonly deliveryId: string;
  /** What the worker proves its claim with. */
  readonly attempt: number;
  /** What the endpoint answered; null: nothing. */
  readonly statusCode: number | null;
  /** Null: it was taken. Else names and codes. */
  readonly error: string | null;
  /** For how long the endpoint asked to be left alone. */
  readonly waitSeconds: number | null;
}

export interface EndAnswer {
  readonly [column: string]: unknown;
  readonly status: 'delivered' | 'pending' | 'dead' | 'canceled';
  readonly due_in_seconds: number | null;
  readonly disabled_reason: 'failing' | 'gone' | null;
}

/** Ends a try of a delivery, and disables an endpoint that is gone or has failed for too long. */
export function endDelivery({ deliveryId, attempt, statusCode, error, waitSeconds }: DeliveryEnd) {
  const delays = sql`${`{${retryDelaysSeconds.join()}}`}::int[]`;
  return build.execute<EndAnswer>(sql`
    select * from end_delivery(${deliveryId}::uuid, ${attempt}::int, ${statusCode}::int, ${error},
      ${waitSeconds}::int, ${delays}, ${failingSeconds}::int)`);
}

/** Deletes some of the oldest events from before an instant that nobody is still to be told, and answers how many. */
export function deleteToldEvents(before: Date, limit: number) {
  return build.execute<{ deleted: number }>(sql`
    with told as (
      select id from outbound_events as event
      where created_at < ${instant(before)} and not exists (
        select from event_deliveries where event_id = event.id and status in ('pending', 'delivering'))
      order by created_at, id limit ${limit} for update skip locked
    ), deleted as (
      delete from outbound_events as event using told where event.id = told.id returning 1
    )
    select count(*)::int as deleted from deleted`);
}
