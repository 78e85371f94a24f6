import { z } from 'zod';

/** What the commands show of the answers. An installation that is newer may answer more. */

const textOrNull = z.string().nullable();

const listedEvent = z.object({
  event_id: z.string(),
  type: z.string(),
  status: z.string(),
  ignored_reason: textOrNull,
  attempts: z.number(),
  failures: z.number(),
  last_error: textOrNull,
  customer_id: textOrNull,
  stripe_customer_id: textOrNull,
  received_by: z.string(),
  api_version: textOrNull,
  stripe_created: z.string(),
  received_at: z.string(),
  processed_at: textOrNull,
  next_attempt_at: textOrNull,
});
export type ListedEvent = z.output<typeof listedEvent>;

export const eventsAnswer = z.object({ events: z.array(z.looseObject({})), next_cursor: textOrNull });
export const shownEvents = z.array(listedEvent);
export const eventAnswer = z.object({ event: listedEvent });

export const detailAnswer = z.object({
  event: listedEvent.extend({
    payload: z.unknown(),
    payload_cleaned: z.boolean(),
    attempts_log: z.array(
      z.object({
        attempt: z.number(),
        started_at: z.string(),
        duration_ms: z.number().nullable(),
        outcome: textOrNull,
        error: textOrNull,
      }),
    ),
    changes: z.object({
      credit_transactions: z.array(
        z.object({
          id: z.string(),
          transaction_type: z.string(),
          amount: z.number(),
          balance_after: z.number(),
        }),
      ),
      subscription_changes: z.array(
        z.object({ stripe_subscription_id: z.string(), changes: z.record(z.string(), z.unknown()) }),
      ),
      outbound_events: z.array(z.object({ id: z.string(), type: z.string() })),
    }),
    actions: z.array(
      z.object({ action: z.string(), actor: z.string(), reason: textOrNull, acted_at: z.string() }),
    ),
  }),
});
export type EventDetail = z.output<typeof detailAnswer>['event'];

export const bulkRetryAnswer = z.object({ matched: z.number(), retried: z.number(), remaining: z.number() });

export const replayAnswer = z.object({
  event_id: z.string(),
  status: z.string(),
  duplicate: z.boolean().default(false),
});

const figures = {
  received: z.number(),
  processed: z.number(),
  ignored: z.number(),
  failed: z.number(),
  dead: z.number(),
  latency_ms: z.object({
    p50: z.number().nullable(),
    p95: z.number().nullable(),
    p99: z.number().nullable(),
  }),
};

export const statsAnswer = z.object({
  since: z.string(),
  until: z.string(),
  hours: z.array(z.object({ hour: z.string(), type: z.string(), ...figures })),
  totals: z.object(figures),
  backlog: z.object({
    pending: z.number(),
    failed: z.number(),
    processing: z.number(),
    dead: z.number(),
    due: z.number(),
  }),
  oldest_waiting: z.object({ event_id: z.string(), seconds: z.number() }).nullable(),
  rejected: z.record(z.string(), z.number()),
  last_gap_check: z
    .object({
      window_since: z.string(),
      window_until: z.string(),
      listed: z.number(),
      stored: z.number(),
      finished_at: textOrNull,
    })
    .nullable(),
});
export type Stats = z.output<typeof statsAnswer>;
