import { randomUUID } from 'node:crypto';
import { makeSecret, sealSecret } from '../../src/outbound/endpoint-secret.ts';
import { eventually } from './eventually.ts';
import type { TestWorker } from './worker.ts';

/** An endpoint that outbound events are told to. */
export interface TestEndpoint {
  readonly id: string;
  readonly url: string;
  /** What its deliveries are signed with. */
  readonly secret: string;
}

interface EndpointOptions {
  readonly url: string;
  /** All types by default. */
  readonly eventTypes?: readonly string[];
  readonly format?: 'standard' | 'slack' | 'mail';
  /** The secret before the present one, which signs as well, for an hour yet. */
  readonly previousSecret?: string;
}

/** Writes an endpoint's row, as the admin API does. */
export async function insertEndpoint(
  worker: TestWorker,
  { url, eventTypes = ['*'], format = 'standard', previousSecret }: EndpointOptions,
): Promise<TestEndpoint> {
  const id = randomUUID();
  const secret = makeSecret();
  const seal = (text: string) => sealSecret(worker.sealing, id, text);
  await worker.database.query(
    `insert into event_endpoints (id, url, event_types, format, sealed_secret, previous_sealed_secret,
       previous_secret_until, created_by)
     values ($1, $2, $3, $4, $5, $6, now() + interval '1 hour', 'test')`,
    [
      id,
      url,
      eventTypes,
      format,
      format === 'mail' ? null : await seal(secret),
      previousSecret === undefined ? null : await seal(previousSecret),
    ],
  );
  return { id, url, secret };
}

interface DeliveryRow extends Record<string, unknown> {
  readonly id: string;
  readonly event_id: string;
  readonly event_type: string;
  readonly status: string;
  readonly attempts: number;
  readonly failures: number;
  readonly last_status_code: number | null;
  readonly last_error: string | null;
  readonly due_in_seconds: number;
}

/** What an endpoint is or was to be told, the oldest first. */
export function deliveriesTo(worker: TestWorker, { id }: TestEndpoint): Promise<DeliveryRow[]> {
  return worker.database.query<DeliveryRow>(
    `select d.*, extract(epoch from d.next_attempt_at - a.ended_at)::float as due_in_seconds
     from event_deliveries as d left join delivery_attempts as a on a.delivery_id = d.id and a.attempt = d.attempts
     where endpoint_id = $1 order by d.created_at, d.id`,
    [id],
  );
}

/** Waits until nothing that is due at once is left to be told to an endpoint. Answers its deliveries. */
export async function told(worker: TestWorker, endpoint: TestEndpoint): Promise<readonly DeliveryRow[]> {
  await eventually('the endpoint was told', async () => {
    const rows = await worker.database.query(
      `select 1 from event_deliveries where endpoint_id = $1
       and (status = 'delivering' or status = 'pending' and next_attempt_at <= now())`,
      [endpoint.id],
    );
    return rows.length === 0;
  });
  return deliveriesTo(worker, endpoint);
}

/** Makes what waits to be told to an endpoint due at once, and its workers lost. */
export async function makeDeliveriesDue(worker: TestWorker, { id }: TestEndpoint): Promise<void> {
  await worker.database.query(
    `update event_deliveries set next_attempt_at = now(), rung_at = null, lease_until = now() - interval '1 second'
     where endpoint_id = $1 and status in ('pending', 'delivering')`,
    [id],
  );
}

/** What waits to be told to an endpoint is tried now. Answers its deliveries afterwards. */
export async function tellAgain(worker: TestWorker, endpoint: TestEndpoint): Promise<readonly DeliveryRow[]> {
  await makeDeliveriesDue(worker, endpoint);
  await worker.scheduled();
  return told(worker, endpoint);
}

/** Notes that something happened, as the database does where it happens; nobody is told yet. */
export async function happen(
  worker: TestWorker,
  eventType: string,
  data: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await worker.database.query('select emit_event($1, null, $2::jsonb, now())', [
    eventType,
    JSON.stringify(data),
  ]);
}
