import { sql, type SQL } from 'drizzle-orm';
import type { AccountReference } from '../core/actor.ts';
import { customerIdOf } from '../customers/index.ts';
import { build } from '../db/index.ts';

/** An entry's place in a list, which is the newest first: when it was written (microseconds since 1970), and its id. */
export type Position = readonly [microseconds: number, id: string];

interface Page {
  readonly since: string | undefined;
  readonly until: string | undefined;
  readonly before: Position | undefined;
  readonly limit: number;
}

/** The members of `storedDelivery`, of the row `delivery`. */
const shownDelivery = sql`jsonb_build_object('id', delivery.id, 'event_id', delivery.event_id,
  'event_type', delivery.event_type, 'status', delivery.status, 'attempt_count', delivery.attempts,
  'next_attempt_at', case when delivery.status = 'pending' then delivery.next_attempt_at end,
  'last_status_code', delivery.last_status_code, 'last_error', delivery.last_error,
  'delivered_at', delivery.delivered_at, 'created_at', delivery.created_at)`;

/** Of `storedEvent`, of the row `event`; whom it was told is not among them. */
const shownEvent = sql`jsonb_build_object('id', event.id, 'type', event.event_type, 'customer_id', event.customer_id,
  'data', event.data, 'cause_event_id', event.cause_event_id, 'occurred_at', event.occurred_at,
  'created_at', event.created_at)`;

export interface DeliveryFilter extends Page {
  readonly endpointId: string;
  readonly status: string | undefined;
  readonly eventType: string | undefined;
}

/**
 * An endpoint's deliveries, newest first; each filter has an index. Row: `is_known`, false where there is no such
 * endpoint (any more), and `deliveries`, a list of `listedDelivery`.
 */
export function listDeliveryRows({ endpointId, status, eventType, ...page }: DeliveryFilter) {
  return build.execute<{ is_known: boolean; deliveries: unknown }>(sql`
    select
      exists (select from event_endpoints where id = ${endpointId}::uuid and deleted_at is null) as is_known,
      (select coalesce(jsonb_agg(jsonb_build_object('delivery', ${shownDelivery},
          'microseconds', ${microsecondsOf(sql`delivery.created_at`)})
          order by delivery.created_at desc, delivery.id desc), '[]')
        from (
          select * from event_deliveries
          where endpoint_id = ${endpointId}::uuid ${equals(sql`status`, status)}
            ${equals(sql`event_type`, eventType)} ${within(page, 'uuid')}
          order by created_at desc, id desc limit ${page.limit}
        ) as delivery) as deliveries`);
}

/** One delivery (`storedDeliveryDetail`); no row where this endpoint has no such one, or is not there any more. */
export function findDeliveryRow(endpointId: string, deliveryId: string) {
  return build.execute<{ delivery: unknown }>(sql`
    select ${shownDelivery} || jsonb_build_object('event', ${shownEvent}, 'attempts', (
        select coalesce(jsonb_agg(jsonb_build_object('attempt', attempt, 'started_at', started_at,
          'duration_ms', round(extract(epoch from ended_at - started_at) * 1000)::int, 'status_code', status_code,
          'error', error) order by attempt), '[]')
        from (
          select * from delivery_attempts where delivery_id = delivery.id order by attempt desc limit 100
        ) as attempt
      )) as delivery
    from event_deliveries as delivery
    join outbound_events as event on event.id = delivery.event_id
    join event_endpoints as endpoint on endpoint.id = delivery.endpoint_id
    where delivery.id = ${deliveryId}::uuid and endpoint.id = ${endpointId}::uuid and endpoint.deleted_at is null`);
}

export interface EventFilter extends Page {
  readonly eventType: string | undefined;
  /** Undefined: whomever it is about. */
  readonly customer: AccountReference | undefined;
}

/**
 * What was told, newest first; each filter has an index. Row: `is_known`, false where there is no such customer, and
 * `events`, a list of `listedEvent`.
 */
export function listEventRows({ eventType, customer, ...page }: EventFilter) {
  const ofCustomer = customer === undefined ? sql`` : sql`and customer_id = (select id from customer)`;
  return build.execute<{ is_known: boolean; events: unknown }>(sql`
    with customer as materialized (select ${customer === undefined ? null : customerIdOf(customer)} as id)
    select ${customer === undefined} or (select id from customer) is not null as is_known,
      (select coalesce(jsonb_agg(jsonb_build_object('event', ${shownEvent} || ${toldTo},
          'microseconds', ${microsecondsOf(sql`event.created_at`)})
          order by event.created_at desc, event.id desc), '[]')
        from (
          select * from outbound_events
          where true ${equals(sql`event_type`, eventType)} ${ofCustomer} ${within(page, 'text')}
          order by created_at desc, id desc limit ${page.limit}
        ) as event) as events`);
}

const toldTo = sql`jsonb_build_object('deliveries', (
  select coalesce(jsonb_agg(jsonb_build_object('id', id, 'endpoint_id', endpoint_id, 'status', status) order by id), '[]')
  from (select * from event_deliveries where event_id = event.id order by id limit 50) as delivery))`;

function equals(column: SQL, value: string | undefined): SQL {
  return value === undefined ? sql`` : sql`and ${column} = ${value}`;
}

function within({ since, until, before }: Page, idType: 'uuid' | 'text'): SQL {
  const from = since === undefined ? sql`` : sql`and created_at >= ${since}::timestamptz`;
  const to = until === undefined ? sql`` : sql`and created_at < ${until}::timestamptz`;
  if (before === undefined) return sql`${from} ${to}`;
  const [microseconds, id] = before;
  return sql`${from} ${to} and (created_at, id) < (
    timestamptz 'epoch' + ${microseconds}::bigint * interval '1 microsecond', ${id}::${sql.raw(idType)})`;
}

function microsecondsOf(column: SQL): SQL {
  return sql`(extract(epoch from ${column}) * 1000000)::bigint`;
}
