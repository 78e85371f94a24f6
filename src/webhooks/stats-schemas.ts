import { z } from 'zod';
import { instant, timestamp } from '../core/schema.ts';

/** GET /admin/webhooks/stats. */

export const statsQuery = z.strictObject({
  since: instant.optional().meta({ description: 'A day before `until` when absent; at most 31 days.' }),
  until: instant.optional().meta({ description: 'Now when absent.' }),
});

const count = z.int();

const figures = {
  received: count,
  processed: count,
  ignored: count,
  failed: count.meta({ description: 'Attempts that failed.' }),
  dead: count.meta({ description: 'Events whose last try failed then, and that are dead still.' }),
  latency_ms: z
    .strictObject({ p50: count.nullable(), p95: count.nullable(), p99: count.nullable() })
    .meta({ description: 'From received to processed, of what was processed; null when nothing was.' }),
};

function gapCheck<At extends z.ZodType>(at: At) {
  return z.strictObject({
    window_since: at,
    window_until: at,
    listed: count.meta({ description: 'Events of handled types that Stripe listed.' }),
    stored: count.meta({ description: 'Those of them that the inbox lacked.' }),
    started_at: at,
    updated_at: at,
    finished_at: at.nullable(),
  });
}

function statistics<At extends z.ZodType>(at: At) {
  return z.strictObject({
    hours: z.array(z.strictObject({ hour: at, type: z.string(), ...figures })),
    totals: z.strictObject(figures),
    backlog: z.strictObject({
      pending: count,
      failed: count,
      processing: count,
      dead: count,
      due: count.meta({ description: 'Those of them that wait for a worker now.' }),
    }),
    oldest_waiting: z
      .strictObject({ event_id: z.string(), seconds: count })
      .nullable()
      .meta({ description: 'Of what is pending, processing or failed: what came first, and how long ago.' }),
    rejected: z
      .record(z.string(), count)
      .meta({ description: 'Deliveries that were refused, by the code that they were refused with.' }),
    last_gap_check: gapCheck(at).nullable(),
  });
}

export const storedStats = statistics(z.coerce.date().transform((date) => date.toISOString()));

export const statsAnswer = statistics(timestamp).extend({
  success: z.literal(true),
  since: timestamp,
  until: timestamp,
});
