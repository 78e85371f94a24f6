import { randomBytes, randomUUID } from 'node:crypto';
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

export function newSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`;
}

/** Writes an endpoint's row, as the admin API does. */
export async function insertEndpoint(
  worker: TestWorker,
  { url, eventTypes = ['*'], format = 'standard', previousSecret }: EndpointOptions,
): Promise<TestEndpoint> {
  const id = randomUUID();
  const secret = newSecret();
  const seal = (text: string) => worker.sealing.seal(text, `endpoint:${id}`);
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
