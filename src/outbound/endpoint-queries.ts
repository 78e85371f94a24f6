import { sql, type SQL } from 'drizzle-orm';
import { build, instant } from '../db/index.ts';

/** How many endpoints there may be at a time: each event looks at all of them. */
const endpointsAtMost = 50;

/** The last delivery that was tried, of the endpoint of the row `endpoint`. */
const lastDelivery = sql`(
  select jsonb_build_object('id', delivery.id, 'event_type', delivery.event_type, 'status', delivery.status,
    'status_code', delivery.last_status_code, 'error', delivery.last_error,
    'tried_at', (select max(started_at) from delivery_attempts where delivery_id = delivery.id))
  from event_deliveries as delivery
  where delivery.endpoint_id = endpoint.id and delivery.attempts > 0
  order by delivery.created_at desc, delivery.id desc limit 1)`;

function countOf(...statuses: readonly string[]): SQL {
  const listed = sql.join(
    statuses.map((status) => sql`${status}`),
    sql`, `,
  );
  return sql`(
    select count(*) from event_deliveries as delivery
    where delivery.endpoint_id = endpoint.id and delivery.status in (${listed}))`;
}

/** The members of `storedEndpoint`, of the row `endpoint`. */
const shown = sql`jsonb_build_object('id', endpoint.id, 'url', endpoint.url, 'description', endpoint.description,
  'event_types', endpoint.event_types, 'format', endpoint.format, 'enabled', endpoint.is_enabled,
  'disabled_reason', endpoint.disabled_reason, 'disabled_at', endpoint.disabled_at,
  'previous_secret_until', case when endpoint.previous_secret_until > now() then endpoint.previous_secret_until end,
  'version', endpoint.version, 'created_by', endpoint.created_by, 'created_at', endpoint.created_at,
  'updated_at', endpoint.updated_at,
  'health', jsonb_build_object('failing_since', endpoint.failing_since,
    'pending', ${countOf('pending', 'delivering')}, 'dead', ${countOf('dead')}, 'last_delivery', ${lastDelivery}))`;

const changes = sql`(
  select coalesce(jsonb_agg(jsonb_build_object('action', action, 'details', details, 'actor', actor,
    'request_id', request_id, 'changed_at', changed_at) order by id desc), '[]')
  from (
    select * from endpoint_changes where endpoint_id = endpoint.id order by id desc limit 50
  ) as change)`;

interface EndpointRow {
  readonly [column: string]: unknown;
  /** `storedEndpoint`. */
  readonly endpoint: unknown;
}

/** All that are there, the oldest first. */
export function listLiveEndpoints() {
  return build.execute<EndpointRow>(sql`
    select ${shown} as endpoint from event_endpoints as endpoint
    where deleted_at is null order by created_at, id limit ${endpointsAtMost}`);
}

/** No row: there is none, or none any more. */
export function findEndpoint(id: string) {
  return build.execute<EndpointRow>(sql`
    select ${shown} as endpoint from event_endpoints as endpoint where id = ${id}::uuid and deleted_at is null`);
}

/** The same, with what was done to it (`storedEndpointDetail`). */
export function findEndpointDetail(id: string) {
  return build.execute<EndpointRow>(sql`
    select ${shown} || jsonb_build_object('changes', ${changes}) as endpoint
    from event_endpoints as endpoint where id = ${id}::uuid and deleted_at is null`);
}

/** What the SQL functions of the same names answer; each tells its outcomes. Behind `signChanges`, in one batch. */

interface SecretOutcome {
  readonly [column: string]: unknown;
  readonly outcome: string;
  readonly sealed_secret: string | null;
}

export interface EndpointRowInput {
  readonly id: string;
  readonly url: string;
  readonly description: string | undefined;
  readonly eventTypes: readonly string[];
  readonly format: 'standard' | 'slack' | 'mail';
  readonly sealedSecret: string | null;
}

export function createEndpointRow(endpoint: EndpointRowInput) {
  const { id, url, description, eventTypes, format, sealedSecret } = endpoint;
  return build.execute<SecretOutcome>(sql`
    select * from create_endpoint(${id}::uuid, ${url}, ${description ?? null}, ${JSON.stringify(eventTypes)}::jsonb,
      ${format}, ${sealedSecret}, ${endpointsAtMost}::int)`);
}

/** The versions that a caller is content with; undefined: any. */
export type Versions = readonly string[] | undefined;

interface VersionOutcome {
  readonly [column: string]: unknown;
  readonly outcome: string;
  readonly version: number | null;
}

export interface EndpointRowChange {
  readonly url?: string | undefined;
  readonly description?: string | null | undefined;
  readonly event_types?: readonly string[] | undefined;
  readonly enabled?: boolean | undefined;
}

export function changeEndpointRow(id: string, ifVersion: Versions, change: EndpointRowChange) {
  return build.execute<VersionOutcome>(sql`
    select * from change_endpoint(${id}::uuid, ${jsonOf(ifVersion)}::jsonb, ${JSON.stringify(change)}::jsonb)`);
}

export function deleteEndpointRow(id: string, ifVersion: Versions) {
  return build.execute<VersionOutcome>(sql`
    select * from delete_endpoint(${id}::uuid, ${jsonOf(ifVersion)}::jsonb)`);
}

export function rotateSecretRow(id: string, sealedSecret: string, overlapHours: number) {
  return build.execute<SecretOutcome & { readonly until: string | null }>(sql`
    select outcome, sealed_secret, to_json(previous_secret_until) #>> '{}' as until
    from rotate_endpoint_secret(${id}::uuid, ${sealedSecret}, ${overlapHours}::int)`);
}

export function tellTest(id: string, occurredAt: Date) {
  return build.execute<{ outcome: string; delivery_id: string | null }>(sql`
    select * from test_endpoint(${id}::uuid, ${instant(occurredAt)})`);
}

export function replayDeliveryRow(endpointId: string, deliveryId: string) {
  return build.execute<{ outcome: string }>(sql`
    select outcome from replay_delivery(${endpointId}::uuid, ${deliveryId}::uuid)`);
}

export interface ReplayFilter {
  readonly since: string;
  readonly until: string | undefined;
  readonly eventTypes: readonly string[] | undefined;
  readonly only: 'failed' | 'untaken' | undefined;
  /** The event behind which it goes on. */
  readonly after: readonly [microseconds: number, id: string] | undefined;
  readonly limit: number;
  readonly isDryRun: boolean;
}

export function replayRows(endpointId: string, filter: ReplayFilter) {
  const { since, until, eventTypes, only, after, limit, isDryRun } = filter;
  const afterAt = after === undefined ? sql`null` : microsecondsAfterEpoch(after[0]);
  return build.execute<{ outcome: string; answer: unknown }>(sql`
    select outcome, answer
    from replay_events(${endpointId}::uuid, ${since}::timestamptz, coalesce(${until ?? null}::timestamptz, now()),
      ${jsonOf(eventTypes)}::jsonb, ${only ?? null}, ${afterAt}, ${after?.[1] ?? null}, ${limit}::int,
      ${isDryRun}::boolean)`);
}

function microsecondsAfterEpoch(microseconds: number): SQL {
  return sql`timestamptz 'epoch' + ${microseconds}::bigint * interval '1 microsecond'`;
}

function jsonOf(value: readonly string[] | undefined): string | null {
  return value === undefined ? null : JSON.stringify(value);
}
