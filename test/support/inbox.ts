import { randomUUID } from 'node:crypto';
import type { TestWorker } from './worker.ts';

/** What a test says of a row of the inbox; the rest is as of an event that has just come. */
export interface InboxEvent {
  readonly type?: string;
  readonly status?: string;
  readonly ignoredReason?: string | null;
  readonly attempts?: number;
  readonly failures?: number;
  readonly lastError?: string | null;
  readonly customerId?: string | null;
  readonly stripeCustomerId?: string | null;
  readonly receivedBy?: string;
  readonly payload?: string | null;
  /** SQL of an instant. */
  readonly receivedAt?: string;
  readonly leaseUntil?: string;
  readonly nextAttemptAt?: string;
  readonly processedAt?: string;
}

/** Puts an event into the inbox past the Worker, as it would be some time later. Answers its id. */
export async function plantEvent(worker: TestWorker, event: InboxEvent = {}): Promise<string> {
  const id = `evt_${randomUUID().replaceAll('-', '')}`;
  const { receivedAt = 'now()', leaseUntil = 'null', nextAttemptAt = 'now()', processedAt = 'null' } = event;
  await worker.database.query(
    `insert into webhook_events (event_id, event_type, livemode, stripe_created, status, ignored_reason, attempts,
       failures, last_error, customer_id, stripe_customer_id, received_by, payload, received_at, lease_until,
       next_attempt_at, processed_at)
     values ($1, $2, false, ${receivedAt}, $3, $4, $5, $6, $7, $8, $9, $10, $11, ${receivedAt}, ${leaseUntil},
       ${nextAttemptAt}, ${processedAt})`,
    [
      id,
      event.type ?? 'invoice.paid',
      event.status ?? 'failed',
      event.ignoredReason ?? null,
      event.attempts ?? 0,
      event.failures ?? 0,
      event.lastError ?? null,
      event.customerId ?? null,
      event.stripeCustomerId ?? null,
      event.receivedBy ?? 'webhook',
      event.payload === undefined ? eventText(id, event.type) : event.payload,
    ],
  );
  return id;
}

/** An event about an invoice that nobody knows. */
function eventText(id: string, type = 'invoice.paid'): string {
  return JSON.stringify({
    id,
    object: 'event',
    type,
    created: 1_800_000_000,
    livemode: false,
    data: { object: { id: `in_${id}` } },
  });
}
